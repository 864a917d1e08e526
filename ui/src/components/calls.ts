/** What a call of the log did, in the words of people. */

import {
  Ban,
  Eye,
  List,
  type LucideIcon,
  Pencil,
  Plus,
  Search,
  Settings2,
  Trash2,
  TriangleAlert,
} from "lucide-react";
import type { Call } from "@/api/queries/activity";

export type Deed = "search" | "list" | "read" | "add" | "edit" | "delete" | "manage";
type Done = Pick<Call, "kind" | "operation">;

const READS: [RegExp, Deed][] = [
  [/search|recall/i, "search"],
  [/\{memory_id\}|^memory:/, "read"],
  [/./, "list"],
];
const WRITES: [RegExp, Deed][] = [
  [/delete|purge|trash/i, "delete"],
  [/update|^put|^patch|restore|undo|^POST .*\{/i, "edit"],
  [/add|^post/i, "add"],
  [/./, "edit"],
];

/** A tool's name or a route as one of seven deeds. */
export function deedOf({ kind, operation }: Done): Deed {
  if (kind === "manage") return "manage";
  const table = kind === "read" ? READS : WRITES;
  return table.find(([pattern]) => pattern.test(operation))?.[1] ?? "manage";
}

const ICONS: Record<Deed, LucideIcon> = {
  search: Search,
  list: List,
  read: Eye,
  add: Plus,
  edit: Pencil,
  delete: Trash2,
  manage: Settings2,
};

/** A picture of what was done, or of why it was not. */
export function iconOf(call: Pick<Call, "kind" | "operation" | "outcome">): LucideIcon {
  if (call.outcome === "denied") return Ban;
  if (call.outcome === "failed") return TriangleAlert;
  return ICONS[deedOf(call)];
}
