import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { overviewQuery } from "@/api/queries/overview";
import { HeatMap } from "@/charts/HeatMap";
import type { HeatKind } from "@/charts/heat";
import {
  type ActivityAddress,
  parseSlot,
  rangeOf,
  searchFor,
  slotOf,
} from "@/pages/activity/address";

/** The heat map as a filter: an hour of the week, and which calls it counts. */
export function ByHour(props: {
  address: ActivityAddress;
  onChange: (to: Partial<ActivityAddress>) => void;
}) {
  const range = rangeOf(props.address.range, "all");
  const { data } = useQuery(overviewQuery(range));
  const [kind, setKind] = useState<HeatKind>("reads");
  if (!data?.heat) return null;
  return (
    <HeatMap
      className="mb-3 max-w-3xl"
      heat={data.heat}
      kind={kind}
      onKind={setKind}
      chosen={parseSlot(props.address.slot)}
      onOpen={(of, day, hour) =>
        props.onChange({ kind: "", outcome: "", ...searchFor(of, range, slotOf(day, hour)) })
      }
    />
  );
}
