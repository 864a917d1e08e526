/** What a version changed, beside the text. */

import type { Contents, Version } from "@/api/queries/memory";

export interface Difference {
  what: "categories" | "tags" | "metadata" | "expires";
  added: string[];
  removed: string[];
}

/** The differences of lists and fields, each as what came and what went. */
export function differencesOf({ before, after }: Version): Difference[] {
  if (!before || !after) return [];
  const all: Difference[] = [
    difference("categories", before.categories ?? [], after.categories ?? []),
    difference("tags", before.tags, after.tags),
    difference("metadata", fields(before), fields(after)),
    difference("expires", one(before.expiration_date), one(after.expiration_date)),
  ];
  // Tags are metadata, too; once is enough.
  return all.filter(({ added, removed }) => added.length + removed.length > 0);
}

/** The state before and after, where the version changed it. */
export function stateChange({ before, after }: Version) {
  if (!before?.state || !after?.state || before.state === after.state) return null;
  return { before: before.state, after: after.state };
}

export function textChanged({ before, after }: Version): boolean {
  return before !== null && after !== null && before.text !== after.text;
}

function difference(what: Difference["what"], before: string[], after: string[]): Difference {
  return {
    what,
    added: after.filter((each) => !before.includes(each)),
    removed: before.filter((each) => !after.includes(each)),
  };
}

const one = (value: string | null): string[] => (value === null ? [] : [value]);

function fields({ metadata }: Contents): string[] {
  return Object.entries(metadata ?? {})
    .filter(([name]) => name !== "tags")
    .map(
      ([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`,
    );
}
