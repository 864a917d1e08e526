/** The typed client. Every answer that is not a success is thrown as a `Problem`. */

import createClient from "openapi-fetch";
import type { components, paths } from "@/api/schema.gen";

export type Schemas = components["schemas"];

/** Where the dashboard is served, without a trailing slash: "" or the prefix of a proxy. */
export const ROOT = new URL(".", document.baseURI).pathname.replace(/\/$/, "");

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly requestId: string | null,
    readonly retryAfter: string | null = null,
  ) {
    super(detail);
    this.name = "Problem";
  }

  /** The server could not be asked at all. */
  get unreached(): boolean {
    return this.status === 0;
  }
}

export const api = createClient<paths>({
  baseUrl: location.origin + ROOT,
  // Looked up at each call, so that a test can put its own in place.
  fetch: (request) => globalThis.fetch(request),
});

api.use({
  onError: () => new Problem(0, "", null),
  onResponse: async ({ response }) => {
    if (!response.ok) throw await problemOf(response);
  },
});

export async function problemOf(response: Response): Promise<Problem> {
  const { headers, status } = response;
  const said = await response.json().catch(() => null);
  const detail = typeof said?.detail === "string" ? said.detail : response.statusText;
  return new Problem(status, detail, headers.get("x-request-id"), headers.get("retry-after"));
}

/** What an answer holds; calls throw otherwise, so it is there. */
export async function body<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}

export function isProblem(error: unknown, ...statuses: number[]): error is Problem {
  return error instanceof Problem && (statuses.length === 0 || statuses.includes(error.status));
}
