import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { appsQuery } from "@/api/queries/apps";

/** What people call the apps, by name. */
export function useLabels(): ReadonlyMap<string, string> {
  const { data } = useQuery(appsQuery());
  return useMemo(() => new Map(data?.apps.map(({ name, label }) => [name, label])), [data]);
}
