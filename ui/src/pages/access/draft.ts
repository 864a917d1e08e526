/** What a person is about to change of the rules: kept until it is applied or discarded, also while
 * other pages are looked at. */

import { useEffect, useSyncExternalStore } from "react";
import type { Schemas } from "@/api/client";
import type { RulesOut } from "@/api/queries/access";
import { done } from "@/components/undo";
import { t } from "@/i18n/t";
import { type Row, sameRow, storedRow } from "@/pages/access/rows";

interface Edited {
  row: Row;
  /** What was settled when the edit began: another's change since is noticed by it. */
  from: Row;
}
export type Draft = Readonly<Record<string, Edited>>;

let current: Draft = {};
const listeners = new Set<() => void>();

function put(next: Draft): void {
  current = next;
  // Whatever page is shown: a tab that is closed loses it.
  const guard = Object.keys(next).length > 0 ? window.addEventListener : window.removeEventListener;
  guard("beforeunload", askFirst);
  for (const listener of listeners) listener();
}

function askFirst(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

/** Takes a row into the draft, or out of it when it says again what is settled. */
export function draftRow(rules: RulesOut, app: string, row: Row): void {
  const { [app]: old, ...others } = current;
  const stored = storedRow(rules, app);
  put(sameRow(row, stored) ? others : { ...others, [app]: { row, from: old?.from ?? stored } });
}

export function discardDraft(app?: string): void {
  const { [app ?? ""]: _, ...others } = current;
  put(app === undefined ? {} : others);
}

/** Goes on with the draft over what others have settled meanwhile. */
export function rebaseDraft(rules: RulesOut): void {
  const kept = Object.entries(current).map(
    ([app, { row }]) => [app, { row, from: storedRow(rules, app) }] as const,
  );
  put(Object.fromEntries(kept.filter(([, { row, from }]) => !sameRow(row, from))));
}

/** Apps of the draft whose rows somebody else has changed since. */
export function conflictsOf(draft: Draft, rules: RulesOut): string[] {
  return Object.keys(draft).filter(
    (app) => draft[app] && !sameRow(draft[app].from, storedRow(rules, app)),
  );
}

export function changesOf(draft: Draft): Schemas["DraftRow"][] {
  return Object.entries(draft).map(([app, { row }]) =>
    row.inherit
      ? { app, inherit: true }
      : { app, inherit: false, read: row.read, write: row.write, rules: row.rules },
  );
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useDraft(): Draft {
  return useSyncExternalStore(subscribe, () => current);
}

/** Says on the way to another page that the draft waits. */
export function useDraftReminder(): void {
  useEffect(
    () => () => {
      if (Object.keys(current).length > 0) void done(t("access.draftKept"), null);
    },
    [],
  );
}
