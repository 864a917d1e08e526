import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Overview, Range } from "@/api/queries/overview";
import { GrowthChart } from "@/charts/GrowthChart";
import { endOf, type Series } from "@/charts/growth";
import { HeatMap } from "@/charts/HeatMap";
import type { HeatKind } from "@/charts/heat";
import { searchFor, slotOf } from "@/pages/activity/address";

/** What was added by whom, and when agents call. Both lead to what they count. */
export default function Charts({ overview, range }: { overview: Overview; range: Range }) {
  const { growth, heat } = overview;
  const [kind, setKind] = useState<HeatKind>("reads");
  const navigate = useNavigate();
  const toMemories = (bucket: number | null, series: Series | null) => {
    const { buckets } = growth;
    const time =
      bucket === null
        ? range === "all"
          ? {}
          : { from: buckets[0] }
        : { from: buckets[bucket], to: endOf(buckets, bucket).toISOString() };
    const app = series && series.kind !== "other" ? { app: [series.app ?? ""] } : {};
    void navigate({ to: "/memories", search: { ...time, ...app } as never });
  };
  const toCalls = (of: HeatKind, day: number, hour: number) =>
    void navigate({
      to: "/activity",
      search: searchFor(of, range, slotOf(day, hour)) as never,
    });
  return (
    <>
      <GrowthChart growth={growth} onOpen={toMemories} />
      {heat && <HeatMap heat={heat} kind={kind} onKind={setKind} onOpen={toCalls} />}
    </>
  );
}
