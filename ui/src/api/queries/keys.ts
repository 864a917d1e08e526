/** Keys. What makes one answers its secret, which goes into no cache: these are no queries. */

import { queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";

export type KeyView = Schemas["KeyView"];
export type Scope = Schemas["KeyScope"];
type Wish = Pick<Schemas["KeyRequest"], "app" | "label" | "scopes" | "expires_in_days">;

const MOST = 200;

/** Every key that the viewer manages, newest first. */
export const keysQuery = queryOptions({
  queryKey: ["apps", "keys"],
  queryFn: async (): Promise<KeyView[]> => {
    const found: KeyView[] = [];
    for (let page = 1; ; page++) {
      const query = { page, page_size: MOST };
      const { count, results } = await body(api.GET("/api/v1/keys", { params: { query } }));
      found.push(...results);
      if (results.length < MOST || found.length >= count) return found;
    }
  },
});

const path = (key_id: string) => ({ params: { path: { key_id } } });

export const createKey = (wish: Wish) =>
  body(api.POST("/api/v1/keys", { body: { every_user: false, ...wish } }));

export const rotateKey = (id: string, overlap_hours: number) =>
  body(api.POST("/api/v1/keys/{key_id}/rotate", { ...path(id), body: { overlap_hours } }));

export const revokeKey = (id: string) => body(api.DELETE("/api/v1/keys/{key_id}", path(id)));
