/** The log of calls: its newest rows, its pages, and what went wrong in the server. */

import { queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import type { operations } from "@/api/schema.gen";

export type Call = Schemas["CallOut"];
export type Outcome = Schemas["Outcome"];
export type CallFilter = Omit<
  NonNullable<operations["list_calls_api_v1_activity_get"]["parameters"]["query"]>,
  "cursor" | "limit" | "format"
>;

type Calls = Schemas["CallsOut"];

/** A page of the log, newest first. */
export async function fetchCalls(
  filter: CallFilter,
  limit: number,
  cursor: string | null = null,
): Promise<Calls> {
  const query = { ...filter, limit, ...(cursor ? { cursor } : {}) };
  const found: unknown = await body(api.GET("/api/v1/activity", { params: { query } }));
  // Its other shapes are for downloads.
  return found as Calls;
}

/** The newest calls for a user's memories. */
export const lastCallsQuery = (user: string, limit: number) =>
  queryOptions({
    queryKey: ["activity", "last", user, limit],
    queryFn: () => fetchCalls({ user_id: user, looks: false }, limit),
  });

/** The newest failures of the server; for administrators who are bound to no user. */
export const failuresQuery = queryOptions({
  queryKey: ["activity", "failures"],
  queryFn: () => body(api.GET("/api/v1/errors")),
});
