import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";

export type SearchBody = Schemas["DashboardSearchBody"];
export type SearchOut = Schemas["DashboardSearchOut"];
export type Hit = Schemas["DashboardHit"];
export type Signal = Schemas["DashboardSignal"];
export type WhyNot = Schemas["WhyNotOut"];

// Asked again when one comes back, but not by itself: each search is a line in the log.
const ONCE = { staleTime: 0, refetchOnWindowFocus: false } as const;

export const searchQuery = (wanted: SearchBody) =>
  queryOptions({
    queryKey: ["search", wanted],
    queryFn: () => body(api.POST("/api/v1/ui/search", { body: wanted })),
    enabled: wanted.query !== "",
    placeholderData: keepPreviousData,
    ...ONCE,
  });

export const whyNotQuery = (wanted: SearchBody, memory: string) =>
  queryOptions({
    queryKey: ["search", "why-not", wanted, memory],
    queryFn: () => body(api.POST("/api/v1/ui/search/why-not", { body: { ...wanted, memory } })),
    enabled: wanted.query !== "" && memory !== "",
    ...ONCE,
  });

/** Memories that hold some words, to pick one of. */
export const pickQuery = (text: string) =>
  queryOptions({
    queryKey: ["memories", "pick", text],
    queryFn: () =>
      body(
        api.GET("/api/v1/ui/memories", {
          params: { query: { text, limit: 6, state: ["active", "paused", "archived", "trashed"] } },
        }),
      ),
    enabled: text !== "",
    placeholderData: keepPreviousData,
  });
