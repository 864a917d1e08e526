import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import { ZONE } from "@/i18n/time";

export type Overview = Schemas["DashboardOverview"];
export const RANGES = ["24h", "7d", "30d", "90d", "all"] as const;
export type Range = (typeof RANGES)[number];

/** What there is and what happened; hours and days are those of the viewer's zone. */
export const overviewQuery = (range: Range) =>
  queryOptions({
    queryKey: ["overview", range],
    queryFn: () => body(api.GET("/api/v1/ui/overview", { params: { query: { range, tz: ZONE } } })),
    placeholderData: keepPreviousData,
  });
