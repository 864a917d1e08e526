import { queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";

export type Settings = Schemas["DashboardSettings"];

/** What the server was set to; it does not change while it runs. */
export const settingsQuery = queryOptions({
  queryKey: ["settings"],
  queryFn: () => body(api.GET("/api/v1/ui/settings")),
});

export const sessionsQuery = queryOptions({
  queryKey: ["settings", "sessions"],
  queryFn: () => body(api.GET("/api/v1/sessions")),
});
