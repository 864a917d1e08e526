import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";

export type AppOut = Schemas["AppOut"];
export type KeyView = Schemas["KeyView"];
const MOST = 200;

export interface AppFilters {
  name?: string;
  is_active?: boolean;
  sort_by?: "name" | "memories" | "last_seen";
  sort_direction?: "asc" | "desc";
}

/** The first 200 apps; `total` says whether there are more. */
export const appsQuery = (filters: AppFilters = {}) =>
  queryOptions({
    queryKey: ["apps", "list", filters],
    queryFn: () =>
      body(api.GET("/api/v1/apps", { params: { query: { ...filters, page_size: MOST } } })),
    placeholderData: keepPreviousData,
  });

export const appQuery = (app: string) =>
  queryOptions({
    queryKey: ["apps", "one", app],
    queryFn: () => body(api.GET("/api/v1/apps/{app}", { params: { path: { app } } })),
  });

/** Every key that the viewer manages, newest first. */
export const keysQuery = queryOptions({
  queryKey: ["apps", "keys"],
  queryFn: async (): Promise<KeyView[]> => {
    const found: KeyView[] = [];
    for (let page = 1; ; page++) {
      const query = { page, page_size: MOST };
      const { count, results } = await body(api.GET("/api/v1/keys", { params: { query } }));
      found.push(...results);
      if (results.length < MOST || found.length >= count) return found;
    }
  },
});

/** The newest calls of an app. */
export const callsOfQuery = (app: string) =>
  queryOptions({
    queryKey: ["activity", "app", app],
    queryFn: () => body(api.GET("/api/v1/activity", { params: { query: { app, limit: 20 } } })),
  });
