import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { type Call, type CallFilter, fetchCalls } from "@/api/queries/activity";
import { useLiveEvents } from "@/live/LiveProvider";
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
    client.setQueryData(queryKey, {
      pages: [first],
      pageParams: [{ interval: 0, cursor: null } as Place],
    });
  }, [name, client]);

  useLiveEvents(({ type, data }) => {
    if (!type.startsWith("call.") && type !== "reset") return;
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
