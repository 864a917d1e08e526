/** The cache of answers. Queries are keyed by what they are about: ["memories", …], ["apps"], … */

import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { isProblem } from "@/api/client";

const MINUTE = 60_000;

/** Set it as a mutation's `meta` whose 401 is its own answer, and no end of the session. */
export const OWN_401 = { own401: true } as const;

function signedOut(error: unknown): void {
  if (isProblem(error, 401)) void queryClient.invalidateQueries({ queryKey: ["me"] });
}

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      if (query.queryKey[0] !== "me") signedOut(error);
    },
  }),
  mutationCache: new MutationCache({
    onError: (error, _variables, _result, mutation) => {
      if (mutation.meta !== OWN_401) signedOut(error);
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: MINUTE,
      gcTime: 5 * MINUTE,
      // What the server refused it would refuse again; what was not reached may come back.
      retry: (count, error) => count < 1 && isProblem(error, 0, 502, 503, 504),
      retryDelay: 400,
      networkMode: "always",
    },
    mutations: { retry: false, networkMode: "always" },
  },
});
