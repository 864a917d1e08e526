import { queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";

export type ConnectClient = Schemas["ConnectClient"];

/** How every known program is connected; a key that was just made is written into the texts. */
export const clientsQuery = (key: string | null) =>
  queryOptions({
    queryKey: ["connect", key],
    // The texts hold the key: they go when the page does.
    gcTime: 0,
    queryFn: () => {
      const header = key === null ? {} : { "x-openmemory-shown-key": key };
      return body(api.GET("/api/v1/ui/connect/clients", { params: { header } }));
    },
  });

export const testConnection = (key: string | null) =>
  body(api.POST("/api/v1/ui/connect/test", { body: { key } }));

export const makeKey = (app: string) =>
  body(api.POST("/api/v1/keys", { body: { app, label: app } as Schemas["KeyRequest"] }));

export const applyTemplate = (app: string, template: string) =>
  body(
    api.POST("/api/v1/access/apply", {
      body: { changes: [{ app, template, inherit: false }] },
    }),
  );
