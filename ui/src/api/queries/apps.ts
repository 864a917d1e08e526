/** The apps that call, what was settled about them, and what they did. */

import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import { fetchCalls } from "@/api/queries/activity";
import { ZONE } from "@/i18n/time";

export type AppOut = Schemas["AppOut"];
export type AppDays = Schemas["DashboardAppDays"];
const MOST = 200;
const NEWEST = 20;

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

const path = (app: string) => ({ params: { path: { app } } });

export const appQuery = (app: string) =>
  queryOptions({
    queryKey: ["apps", "one", app],
    queryFn: () => body(api.GET("/api/v1/apps/{app}", path(app))),
  });

/** The calls of each app on each of the last thirty days. */
export const daysQuery = queryOptions({
  queryKey: ["apps", "days"],
  queryFn: () => body(api.GET("/api/v1/ui/apps/traffic", { params: { query: { tz: ZONE } } })),
});

/** The newest calls of an app for a user, whatever name it called under. */
export const callsOfQuery = (names: string[], user_id: string) =>
  queryOptions({
    queryKey: ["activity", "app", names, user_id],
    queryFn: async () => {
      const found = await Promise.all(names.map((app) => fetchCalls({ app, user_id }, NEWEST)));
      const calls = found.flatMap(({ results }) => results);
      return calls.sort((a, b) => b.id - a.id).slice(0, NEWEST);
    },
  });

/** The newest memories that an app wrote, and how many there are. */
export const memoriesOfQuery = (app: string[]) =>
  queryOptions({
    queryKey: ["memories", "app", app],
    queryFn: () =>
      body(api.GET("/api/v1/ui/memories", { params: { query: { app, limit: NEWEST } } })),
  });

export const pauseApp = ({ name, paused }: Pick<AppOut, "name" | "paused">) =>
  body(
    paused
      ? api.POST("/api/v1/apps/{app}/resume", path(name))
      : api.POST("/api/v1/apps/{app}/pause", path(name)),
  );

export const renameApp = (app: string, label: string | null) =>
  body(api.PATCH("/api/v1/apps/{app}", { ...path(app), body: { label } }));

export const mergeApp = (app: string, into: string) =>
  body(api.POST("/api/v1/apps/{app}/merge", { ...path(app), body: { into } }));

export const partApp = (app: string) => body(api.POST("/api/v1/apps/{app}/unmerge", path(app)));

export const takeBack = (app: string, since: string, dry_run: boolean) =>
  body(api.POST("/api/v1/apps/{app}/undo", { ...path(app), body: { since, dry_run } }));
