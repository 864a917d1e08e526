/** What can be done to memories, by their states, and doing it. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Schemas } from "@/api/client";
import {
  type BulkDone,
  changeMany,
  MAX_TEXT,
  type MemoryItem,
  type Operation,
  reloadLists,
  type Wanted,
} from "@/api/queries/memories";
import type { MemoryState } from "@/components/StateChip";
import { done, failed } from "@/components/undo";
import { count, t } from "@/i18n/t";

export type Rights = Schemas["DashboardRights"];

const KEPT: readonly MemoryState[] = ["active", "paused", "archived"];
const FROM: Record<Operation, readonly MemoryState[]> = {
  pause: ["active"],
  resume: ["paused"],
  archive: ["active", "paused"],
  unarchive: ["archived"],
  categorise: KEPT,
  delete: KEPT,
  restore: ["trashed"],
  purge: ["trashed"],
};

/** What makes sense for memories in these states, and is allowed. */
export function offered(states: Iterable<MemoryState>, can: Rights): Operation[] {
  const there = [...states];
  return (Object.keys(FROM) as Operation[]).filter((operation) => {
    const allowed = operation === "delete" || operation === "purge" ? can.delete : can.write;
    return allowed && there.some((state) => FROM[operation].includes(state));
  });
}

export interface Change {
  operation: Operation;
  wanted: Wanted;
  categories?: Schemas["DashboardCategories"];
}

/** Changes many memories in one action, says what came of it, and offers to undo it. */
export function useChange() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ operation, wanted, categories }: Change) =>
      changeMany(operation, wanted, categories),
    onSuccess: (result, { operation }) => void done(told(operation, result), result.action_id),
    onError: (error) => void failed(error),
    onSettled: () =>
      Promise.all([
        reloadLists(client),
        client.invalidateQueries({ queryKey: ["memory"] }),
        client.invalidateQueries({ queryKey: ["facets"] }),
      ]),
  });
}

export function told(operation: Operation, { changed, left, left_total }: BulkDone): string {
  const why = left[0]?.why ?? "";
  if (changed === 0 && left_total > 0) return t("memories.nothingDone", { why });
  const did = t(`memories.did.${operation}`, { n: changed });
  return left_total > 0 ? `${did}; ${t("memories.left", { n: left_total })}: ${why}` : did;
}

/** What is wrong with a text that is too long; the server counts whole characters, too. */
export function tooLong(text: string): string | null {
  const n = [...text.trim()].length;
  return n > MAX_TEXT ? t("memories.new.long", { n: count(n), most: count(MAX_TEXT) }) : null;
}

/** The names in a line of a person, without the commas. */
export function namesIn(line: string): string[] {
  const names = line.split(",").map((name) => name.trim());
  return [...new Set(names.filter(Boolean))];
}

/** Those of the names that a memory's categories are not, whatever the case. */
export function namesBeside(names: string[], memory?: Pick<MemoryItem, "categories">): string[] {
  const folded = (name: string) => name.normalize("NFC").toLowerCase();
  const held = new Set(memory?.categories?.map(folded));
  return names.filter((name) => !held.has(folded(name)));
}
