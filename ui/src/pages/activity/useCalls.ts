import { type InfiniteData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { type Call, type CallFilter, fetchCalls } from "@/api/queries/activity";
import { useLiveEvents } from "@/live/LiveProvider";
import type { LiveEvent, LiveType } from "@/live/stream";
import type { Interval } from "@/pages/activity/filters";

const PAGE = 100;
/** Rows that a list keeps; whoever wants older ones narrows the time. */
const MOST_PAGES = 50;
const COALESCE_MS = 300;

interface Place {
  interval: number;
  cursor: string | null;
}
interface Found {
  rows: Call[];
  next: Place | null;
}
type Kept = InfiniteData<Found, Place>;

/** A page of the log; times without any call are passed over. */
async function pageAt(filter: CallFilter, intervals: Interval[], place: Place): Promise<Found> {
  let { interval, cursor } = place;
  for (; interval < intervals.length; interval++) {
    const found = await fetchCalls({ ...filter, ...intervals[interval] }, PAGE, cursor);
    if (found.next) return { rows: found.results, next: { interval, cursor: found.next } };
    const next = interval + 1 < intervals.length ? { interval: interval + 1, cursor: null } : null;
    if (found.results.length > 0 || next === null) return { rows: found.results, next };
    cursor = null;
  }
  return { rows: [], next: null };
}

/** Whether what happened may have a row in the list. */
export function mayShow(type: LiveType, data: LiveEvent["data"], filter: CallFilter): boolean {
  // Rules that somebody settled are a call too.
  if (type === "reset" || type === "access.changed") return true;
  if (!type.startsWith("call.")) return false;
  const { apps } = data;
  const about = !filter.app || !Array.isArray(apps) || apps.includes(filter.app);
  return about && (!filter.kind || type === "call.denied" || type === `call.${filter.kind}`);
}

/** The newest rows before those that are there; those alone where some between are not known. */
export function joined(first: Found, kept: Kept | undefined): Kept {
  const [old, ...older] = kept?.pages ?? [];
  const newest = old?.rows[0];
  const meets = newest && first.rows.some(({ id }) => id === newest.id);
  if (!kept || !old || !meets) {
    return { pages: [first], pageParams: [{ interval: 0, cursor: null }] };
  }
  const known = new Set(old.rows.map(({ id }) => id));
  const rows = [...first.rows.filter(({ id }) => !known.has(id)), ...old.rows];
  return { ...kept, pages: [{ ...old, rows }, ...older] };
}

/** The rows of the log, older ones as one scrolls, newer ones as they come or when asked for. */
export function useCalls(filter: CallFilter, intervals: Interval[], live: boolean) {
  // Not under "activity": a live list fetches its newest rows only, not all it has.
  const queryKey = ["calls", filter, intervals];
  const client = useQueryClient();
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => pageAt(filter, intervals, pageParam),
    initialPageParam: { interval: 0, cursor: null } as Place,
    getNextPageParam: ({ next }, pages) => (pages.length < MOST_PAGES ? next : null),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 30_000,
  });
  const [waiting, setWaiting] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const name = JSON.stringify(queryKey);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `name` is what the list is of
  const refresh = useCallback(async () => {
    setWaiting(0);
    const first = await pageAt(filter, intervals, { interval: 0, cursor: null });
    client.setQueryData<Kept>(queryKey, (kept) => joined(first, kept));
  }, [name, client]);

  useLiveEvents(({ type, data }) => {
    if (!mayShow(type, data, filter)) return;
    if (!live) return setWaiting((n) => n + Number(data.count ?? 1));
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      refresh().catch(() => setWaiting((n) => n + 1));
    }, COALESCE_MS);
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  const rows = query.data?.pages.flatMap((page) => page.rows) ?? [];
  return { query, rows, waiting, refresh };
}
