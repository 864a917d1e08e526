import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect } from "react";
import { appsQuery } from "@/api/queries/apps";
import { meQuery } from "@/api/queries/me";
import { knowApps } from "@/components/hues";
import { useLiveEvents } from "@/live/LiveProvider";

const MINUTE = 60_000;

/** Learns in which order apps were first known, once, and again when an app calls. */
export default function AppHues() {
  const client = useQueryClient();
  const { data: me } = useQuery(meQuery);
  const mayList = me?.can.manage === true;
  // Not as a query that is shown: each new memory would have the list loaded anew on every page.
  const learn = useCallback(
    async (staleTime: number) => {
      const list = mayList ? await client.fetchQuery({ ...appsQuery(), staleTime }) : { apps: [] };
      knowApps(list.apps);
    },
    [client, mayList],
  );
  useEffect(() => void learn(MINUTE).catch(() => knowApps([])), [learn]);
  useLiveEvents(({ type }) => {
    // Where it fails, what was known before still holds.
    if (type === "app.seen") void learn(0).catch(() => {});
  });
  return null;
}
