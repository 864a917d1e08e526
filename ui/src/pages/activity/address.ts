/** What the Activity page keeps in its address, and how other pages lead there. */

import type { Outcome } from "@/api/queries/activity";
import { RANGES, type Range } from "@/api/queries/overview";
import type { HeatKind } from "@/charts/heat";
import { useAddress } from "@/shell/search";

export const DEFAULTS = {
  view: "calls" as string,
  app: "" as string,
  kind: "" as string,
  outcome: "" as string,
  operation: "" as string,
  memory: "" as string,
  key: "" as string,
  q: "" as string,
  /** Days of the viewer's zone, the last one included; or a range up to now. */
  from: "" as string,
  to: "" as string,
  range: "all" as string,
  /** A day of the week and an hour: "0-14" is Monday from 14 to 15. */
  slot: "" as string,
  everyone: false,
  /** Also calls that only looked at how things are managed, as this page does. */
  looks: false,
  heat: false,
};
export type ActivityAddress = typeof DEFAULTS;

export const NO_FILTERS = {
  app: "",
  kind: "",
  outcome: "",
  operation: "",
  memory: "",
  key: "",
  q: "",
  from: "",
  to: "",
  range: "all",
  slot: "",
} satisfies Partial<ActivityAddress>;

export const KINDS = ["read", "write", "manage"] as const;
export const OUTCOMES: readonly Outcome[] = [
  "ok",
  "denied",
  "missing",
  "invalid",
  "limited",
  "failed",
];

export const TOOLS = [
  "search_memory",
  "list_memories",
  "add_memories",
  "update_memory",
  "delete_memories",
  "delete_all",
] as const;

export function useActivityAddress() {
  return useAddress<ActivityAddress>(DEFAULTS);
}

/** Which calls the overview counts as reads, writes or denied. */
export function searchFor(kind: HeatKind, range: Range, slot = ""): Partial<ActivityAddress> {
  const counted = {
    reads: { kind: "read", outcome: "ok" },
    writes: { kind: "write", outcome: "ok" },
    denied: { outcome: "denied" },
  }[kind];
  return { ...counted, ...(range === "all" ? {} : { range }), ...(slot ? { slot } : {}) };
}

export function rangeOf(value: unknown, otherwise: Range): Range {
  return RANGES.includes(value as Range) ? (value as Range) : otherwise;
}

export const slotOf = (day: number, hour: number): string => `${day}-${hour}`;

export function parseSlot(value: unknown): readonly [number, number] | null {
  const found = /^([0-6])-(1?\d|2[0-3])$/.exec(String(value));
  return found ? [Number(found[1]), Number(found[2])] : null;
}
