/** What happens elsewhere, brought into the list without ever moving what somebody reads. */

import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { isProblem } from "@/api/client";
import { type ListWindow, putIntoLists, reloadLists } from "@/api/queries/memories";
import { memoryQuery } from "@/api/queries/memory";
import { useLiveEvents } from "@/live/LiveProvider";

export interface Mark {
  kind: "flash" | "arrive" | "gone";
  at: number;
}
export interface News {
  /** Memories that came and are not shown. */
  n: number;
  /** More has changed than was brought in row by row. */
  changed: boolean;
}

const QUIET: News = { n: 0, changed: false };
const SETTLE_MS = 250;
/** A row that is seen again later does not flash again. */
const SEEN_MS = 3_000;
/** More rows than this are not looked at one by one. */
const MAX_SINGLE = 20;
const TEXT_CUT = 400;

interface Props {
  /** At the top, with nothing selected, newest first: then new rows slide in. */
  isResting: () => boolean;
  showsTrash: boolean;
}

export function useLiveRows({ isResting, showsTrash }: Props) {
  const client = useQueryClient();
  const [marks, setMarks] = useState<ReadonlyMap<string, Mark>>(new Map());
  const [news, setNews] = useState<News>(QUIET);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // Nobody follows what happens while the list is not shown.
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      void reloadLists(client, false);
    },
    [client],
  );

  const mark = (ids: string[], kind: Mark["kind"]) =>
    setMarks((old) => {
      const at = Date.now();
      return new Map([...old, ...ids.map((id) => [id, { kind, at }] as const)]);
    });

  const reloadSoon = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void reloadLists(client), SETTLE_MS);
  };

  const refresh = async (id: string) => {
    try {
      const memory = await client.fetchQuery({ ...memoryQuery(id), staleTime: 0 });
      putIntoLists(client, {
        ...memory,
        text: memory.text.slice(0, TEXT_CUT),
        cut: memory.text.length > TEXT_CUT,
      });
    } catch (error) {
      if (isProblem(error, 404)) mark([id], "gone");
    }
  };

  const onChanged = (ids: string[], kind: Mark["kind"] | null) => {
    if (ids.length > MAX_SINGLE) {
      setNews((old) => ({ ...old, changed: true }));
      return;
    }
    if (kind) mark(ids, kind);
    for (const id of ids) void refresh(id);
  };

  useLiveEvents(({ type, data }) => {
    const ids = Array.isArray(data.ids) ? data.ids.map(String) : [];
    const count = Number(data.count ?? ids.length);
    const loaded = loadedOf(client.getQueriesData<ListWindow>({ queryKey: ["window"] }), ids);
    if (type === "reset") {
      setMarks(new Map());
      setNews(QUIET);
    } else if (type === "memory.created") {
      const fresh = count - loaded.length;
      if (isResting()) {
        mark(ids, "arrive");
        reloadSoon();
      } else if (fresh > 0) setNews((old) => ({ ...old, n: old.n + fresh }));
    } else if (type === "memory.deleted" && !showsTrash) {
      mark(loaded, "gone");
      if (count > ids.length) setNews((old) => ({ ...old, changed: true }));
    } else if (type === "index.status") {
      onChanged(loaded, null);
    } else if (type.startsWith("memory.")) {
      onChanged(loaded, "flash");
      if (loaded.length < count && isResting()) reloadSoon();
    }
  });

  const show = useCallback(() => {
    setNews(QUIET);
    setMarks(new Map());
    void reloadLists(client);
  }, [client]);
  return { marks, news, show };
}

/** What a row shows of it: a flash once, and nothing that it was read after. */
export function shownMark(mark: Mark | undefined, readAt: number): Mark["kind"] | undefined {
  if (mark === undefined) return undefined;
  const over = mark.kind === "gone" ? readAt > mark.at : Date.now() - mark.at > SEEN_MS;
  return over ? undefined : mark.kind;
}

function loadedOf(windows: [unknown, ListWindow | undefined][], ids: string[]): string[] {
  const wanted = new Set(ids);
  const found = new Set<string>();
  for (const [, window] of windows) {
    for (const { id } of window?.items ?? []) if (wanted.has(id)) found.add(id);
  }
  return [...found];
}
