/** The rows of a list of any length, of which only the windows near the shown ones are held. */

import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import {
  type ListWindow,
  MAX_AT_ONCE,
  type MemoryItem,
  WINDOW,
  windowQuery,
} from "@/api/queries/memories";

export interface LoadedRow {
  item: MemoryItem;
  /** When it was read from the server. */
  at: number;
}

export function useRows(head: ListWindow, first: number, last: number) {
  const client = useQueryClient();
  const { wish } = head;
  const upto = newest(head);
  const query = useCallback(
    (n: number) => (n === 0 ? windowQuery(wish, 0) : windowQuery(wish, n, upto)),
    [wish, upto],
  );
  const from = Math.floor(first / WINDOW);
  const to = Math.max(from, Math.floor(last / WINDOW));
  const windows = useQueries({
    queries: Array.from({ length: to - from + 1 }, (_, i) => query(from + i)),
  });

  const rowAt = (index: number): LoadedRow | undefined => {
    const window = windows[Math.floor(index / WINDOW) - from];
    const item = window?.data?.items[index % WINDOW];
    return item && window ? { item, at: window.dataUpdatedAt } : cachedAt(index);
  };
  const cachedAt = (index: number): LoadedRow | undefined => {
    const state = client.getQueryState(query(Math.floor(index / WINDOW)).queryKey);
    const item = state?.data?.items[index % WINDOW];
    return item && state ? { item, at: state.dataUpdatedAt } : undefined;
  };

  /** The ids from one row to another, loading what is between them. */
  const idsBetween = useCallback(
    async (a: number, b: number): Promise<string[]> => {
      const low = Math.max(Math.min(a, b), a - MAX_AT_ONCE + 1);
      const high = Math.min(Math.max(a, b), a + MAX_AT_ONCE - 1);
      const ids: string[] = [];
      for (let n = Math.floor(low / WINDOW); n <= Math.floor(high / WINDOW); n++) {
        const { items } = await client.ensureQueryData(query(n));
        const start = n * WINDOW;
        ids.push(...items.slice(Math.max(0, low - start), high - start + 1).map(({ id }) => id));
      }
      return ids;
    },
    [client, query],
  );

  /** The memories of this list that are held now. */
  const loaded = useCallback(
    (): MemoryItem[] =>
      client
        .getQueriesData<ListWindow>({ queryKey: ["window", wish] })
        .flatMap(([, window]) => window?.items ?? []),
    [client, wish],
  );

  const error = windows.find((window) => window.error)?.error ?? null;
  const retry = () => {
    for (const window of windows) if (window.error) void window.refetch();
  };
  return { rowAt, idsBetween, loaded, error, retry };
}

/** A moment after the newest row, where new rows come first: so that none moves another. */
function newest({ wish, items }: ListWindow): string | undefined {
  const first = items[0];
  if (wish.sort !== "-created" || wish.filter.to || !first) return undefined;
  return new Date(Date.parse(first.created_at) + 1).toISOString();
}
