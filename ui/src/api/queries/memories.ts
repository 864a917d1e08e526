/** The list of memories, in windows, and what its filters would leave. */

import { keepPreviousData, type QueryClient, queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";

export type MemoryItem = Schemas["DashboardMemory"];
/** What is left out does not narrow. */
export type MemoryFilter = Partial<Schemas["DashboardFilterBody"]>;
export type Operation = Schemas["Operation"];
export type BulkDone = Schemas["DashboardBulkDone"];
export type Sort = "-created" | "created" | "-updated" | "updated" | "app" | "-app";

export interface ListWish {
  filter: MemoryFilter;
  sort: Sort;
}
type Rows = Schemas["DashboardWindow"];
export interface ListWindow extends Rows {
  /** What it is a part of: while the next list comes, the one before is shown. */
  wish: ListWish;
}

export const WINDOW = 100;
const MAX_WINDOWS = 50;

/** Not under "memories": what happens is put into a list row by row, so that it never jumps. */
const KEY = "window";

/** The rows from n * WINDOW on. `upto` leaves out what is newer than the list, for even windows. */
export function windowQuery(wish: ListWish, n: number, upto?: string) {
  return queryOptions({
    queryKey: [KEY, wish, n, upto ?? null],
    queryFn: async ({ client }): Promise<ListWindow> => {
      forgetOldWindows(client);
      const query = {
        ...wish.filter,
        ...(upto ? { to: upto } : {}),
        sort: wish.sort,
        offset: n * WINDOW,
        limit: WINDOW,
      };
      return { wish, ...(await body(api.GET("/api/v1/ui/memories", { params: { query } }))) };
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export const headQuery = (wish: ListWish) =>
  queryOptions({ ...windowQuery(wish, 0), placeholderData: keepPreviousData });

/** Keeps the windows that are shown and the newest others: a long walk must not fill the memory. */
function forgetOldWindows(client: QueryClient): void {
  const cache = client.getQueryCache();
  const windows = cache.findAll({ queryKey: [KEY] });
  const idle = windows
    .filter((query) => query.getObserversCount() === 0)
    .sort((a, b) => a.state.dataUpdatedAt - b.state.dataUpdatedAt);
  for (const query of idle.slice(0, Math.max(0, windows.length - MAX_WINDOWS))) cache.remove(query);
}

/** Has every list loaded anew: the shown ones now, the others when they are. */
export function reloadLists(client: QueryClient, shown = true): Promise<void> {
  return client.invalidateQueries({ queryKey: [KEY], refetchType: shown ? "active" : "none" });
}

/** Puts a memory as it is now into every loaded window that has it. */
export function putIntoLists(client: QueryClient, item: MemoryItem): void {
  for (const { queryKey, state } of client.getQueryCache().findAll({ queryKey: [KEY] })) {
    const window = state.data as ListWindow | undefined;
    // What is to be loaded anew must not pass for fresh by this.
    if (state.isInvalidated || !window?.items.some(({ id }) => id === item.id)) continue;
    const items = window.items.map((each) => (each.id === item.id ? item : each));
    // The other rows were not read again, so they are as old as they were.
    client.setQueryData(queryKey, { ...window, items }, { updatedAt: state.dataUpdatedAt });
  }
}

export const facetsQuery = (filter: MemoryFilter) =>
  queryOptions({
    queryKey: ["facets", filter],
    queryFn: () =>
      body(api.GET("/api/v1/ui/memories/facets", { params: { query: { ...filter } } })),
    placeholderData: keepPreviousData,
  });

/** Memories that may say already what a text says. */
export const similarQuery = (text: string) =>
  queryOptions({
    queryKey: ["memories", "similar", text],
    queryFn: () => body(api.POST("/api/v1/ui/memories/similar", { body: { text } })),
    enabled: text.length > 0,
    placeholderData: keepPreviousData,
  });

/** Characters of a text; a longer one the server refuses. */
export const MAX_TEXT = 20_000;
/** More the server does not change in one action. */
export const MAX_AT_ONCE = 10_000;

export type Wanted = { ids: string[] } | { filter: MemoryFilter };

export function changeMany(
  operation: Operation,
  wanted: Wanted,
  categories?: Schemas["DashboardCategories"],
): Promise<BulkDone> {
  // The types ask for a whole filter, the server does not.
  const asked = { operation, ...wanted, categories } as Schemas["DashboardBulk"];
  return body(api.POST("/api/v1/ui/memories/bulk", { body: asked }));
}

export function addMemory(added: Schemas["DashboardNewMemory"]) {
  return body(api.POST("/api/v1/ui/memories", { body: added }));
}
