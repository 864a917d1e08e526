import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";

/** Who the server takes this browser for, and what it may do. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: () => body(api.GET("/api/v1/ui/me")),
  staleTime: 30_000,
});
