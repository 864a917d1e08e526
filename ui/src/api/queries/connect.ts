import { queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import { fetchCalls } from "@/api/queries/activity";

export type ConnectClient = Schemas["ConnectClient"];
/** A key that was just made, and the app that it is bound to. */
export type MadeKey = Schemas["IssuedKeyView"];

/** How every known program is connected; a key that was just made is written into the texts. */
export const clientsQuery = (key: string | null = null, app: string | null = null) =>
  queryOptions({
    queryKey: ["connect", key, app],
    // The texts hold the key: they go when the page does.
    gcTime: 0,
    queryFn: () => {
      const header = key === null ? {} : { "x-openmemory-shown-key": key };
      const query = app === null ? {} : { app };
      return body(api.GET("/api/v1/ui/connect/clients", { params: { header, query } }));
    },
  });

/** The newest calls that a program's settings may have led to; `opened` tells this wait from others. */
export const arrivalsQuery = (app: string | null, opened: string) =>
  queryOptions({
    queryKey: ["activity", "arrivals", app, opened],
    queryFn: () => fetchCalls({ looks: false, ...(app ? { app } : {}) }, 20),
    gcTime: 0,
    // Told of at once by the events; asked again for what other servers of the store were called for.
    refetchInterval: 5_000,
  });

export const testConnection = (key: string | null) =>
  body(api.POST("/api/v1/ui/connect/test", { body: { key } }));

export const makeKey = (app: string): Promise<MadeKey> =>
  body(api.POST("/api/v1/keys", { body: { app, label: app } as Schemas["KeyRequest"] }));

export const applyTemplate = (app: string, template: string) =>
  body(
    api.POST("/api/v1/access/apply", {
      body: { changes: [{ app, template, inherit: false }] },
    }),
  );
