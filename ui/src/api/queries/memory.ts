/** One memory: all of it, its history, who read it, what is like it, and changes of it. */

import { queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";

export type MemoryDetail = Schemas["DashboardMemoryDetail"];
export type Version = Schemas["DashboardVersion"];
export type Contents = Schemas["DashboardContents"];
export type Edit = Schemas["DashboardEdit"];

const named = (memory_id: string) => ({ params: { path: { memory_id } } });
const REINDEXED_MS = 700;

export const memoryQuery = (id: string) =>
  queryOptions({
    queryKey: ["memory", id],
    queryFn: () => body(api.GET("/api/v1/ui/memories/{memory_id}", named(id))),
    // Until agents find it as it is now, which the page says.
    refetchInterval: ({ state }) => {
      const memory = state.data;
      return memory?.technical.index === "pending" ? REINDEXED_MS : false;
    },
  });

export const historyQuery = (id: string) =>
  queryOptions({
    queryKey: ["memory", id, "history"],
    queryFn: () => body(api.GET("/api/v1/ui/memories/{memory_id}/history", named(id))),
  });

export const relatedQuery = (id: string) =>
  queryOptions({
    queryKey: ["memory", id, "related"],
    queryFn: () => body(api.GET("/api/v1/ui/memories/{memory_id}/related", named(id))),
  });

/** Calls that answered somebody with it, newest first, out of the log of calls. */
export const readsQuery = (id: string) =>
  queryOptions({
    queryKey: ["activity", "of", id],
    queryFn: async () => {
      const query = { memory_id: id, kind: "read", limit: 50 } as const;
      const calls = await body(api.GET("/api/v1/activity", { params: { query } }));
      // The log comes in other formats, too; this is the one that was asked for.
      return calls as Schemas["CallsOut"];
    },
  });

/** Throws a 412 where the memory is not at `version` any more. */
export function editMemory(id: string, version: number, edit: Edit) {
  return body(
    api.PATCH("/api/v1/ui/memories/{memory_id}", {
      params: { path: { memory_id: id }, header: { "if-match": `"${version}"` } },
      body: edit,
    }),
  );
}

export function restoreVersion(id: string, version: number, current: number) {
  return body(
    api.POST("/api/v1/ui/memories/{memory_id}/versions/{version}/restore", {
      params: { path: { memory_id: id, version }, header: { "if-match": `"${current}"` } },
    }),
  );
}
