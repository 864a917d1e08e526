import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";

export type RulesOut = Schemas["RulesOut"];
export type Matrix = Schemas["MatrixOut"];
export type By = Schemas["By"];
export type Simulation = Pick<Schemas["SimulateBody"], "app" | "verb" | "memory" | "query">;

/** What is settled for every app, and the version of it all. */
export const rulesQuery = queryOptions({
  queryKey: ["access", "rules"],
  queryFn: () => body(api.GET("/api/v1/access/rules")),
});

export const matrixQuery = (by: By) =>
  queryOptions({
    queryKey: ["access", "matrix", by],
    queryFn: () => body(api.GET("/api/v1/access/matrix", { params: { query: { by } } })),
    placeholderData: keepPreviousData,
  });

export const templatesQuery = queryOptions({
  queryKey: ["access", "templates"],
  queryFn: () => body(api.GET("/api/v1/access/templates")),
  staleTime: Number.POSITIVE_INFINITY,
});

/** What a draft would change if it was applied now. */
export const previewQuery = (changes: Schemas["DraftRow"][]) =>
  queryOptions({
    queryKey: ["access", "preview", changes],
    queryFn: () => body(api.POST("/api/v1/access/preview", { body: { changes, limit: 50 } })),
    enabled: changes.length > 0,
    placeholderData: keepPreviousData,
  });

export const simulateQuery = (wanted: Simulation) =>
  queryOptions({
    queryKey: ["access", "simulate", wanted],
    queryFn: () =>
      body(
        api.POST("/api/v1/access/simulate", {
          body: { ...wanted, top_k: 10, threshold: 0, latest_only: true },
        }),
      ),
    enabled: Boolean(wanted.memory ?? wanted.query),
    staleTime: 0,
  });
