/** Brings what happens on the server into the cache, and to whoever wants to know of it. */

import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, use, useEffect, useRef, useState } from "react";
import { type LiveEvent, type LiveStatus, type LiveType, listen } from "@/live/stream";

type Handler = (event: LiveEvent) => void;
interface Live {
  status: LiveStatus;
  subscribe: (handler: Handler) => () => void;
}

const FLUSH_MS = 250;
const ABOUT: Record<LiveType, string[]> = {
  "memory.created": ["memories", "facets", "overview", "apps"],
  "memory.updated": ["memories", "memory", "facets"],
  "memory.state": ["memories", "memory", "facets", "overview", "apps", "access"],
  "memory.deleted": ["memories", "memory", "facets", "overview", "apps"],
  "call.read": ["activity", "overview"],
  "call.write": ["activity", "overview"],
  "call.denied": ["activity", "overview"],
  "app.seen": ["apps", "overview"],
  "access.changed": ["access", "apps", "memory", "memories"],
  "index.status": ["me", "overview"],
  reset: [],
};

const Context = createContext<Live | null>(null);

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const handlers = useRef(new Set<Handler>());
  const [status, setStatus] = useState<LiveStatus>({ kind: "reconnecting" });

  useEffect(() => {
    const stale = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      timer = undefined;
      for (const name of stale) void client.invalidateQueries({ queryKey: [name] as QueryKey });
      stale.clear();
    };
    const onEvent = (event: LiveEvent) => {
      if (event.type === "reset") void client.invalidateQueries();
      for (const name of ABOUT[event.type]) stale.add(name);
      // At most four updates a second, however many agents write at once.
      timer ??= setTimeout(flush, FLUSH_MS);
      for (const handler of handlers.current) handler(event);
    };
    const stop = listen(onEvent, setStatus);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [client]);

  const subscribe = useRef((handler: Handler) => {
    handlers.current.add(handler);
    return () => void handlers.current.delete(handler);
  }).current;
  return <Context value={{ status, subscribe }}>{children}</Context>;
}

export function useLive(): Live {
  const live = use(Context);
  if (live === null) throw new Error("outside of LiveProvider");
  return live;
}

/** Calls `handler` for each event, whatever the page shows. */
export function useLiveEvents(handler: Handler): void {
  const latest = useRef(handler);
  latest.current = handler;
  const { subscribe } = useLive();
  useEffect(() => subscribe((event) => latest.current(event)), [subscribe]);
}
