/** What a draft changes of the memory that it was begun on. */

import type { Edit } from "@/api/queries/memory";
import { namesIn } from "@/pages/memories/operations";
import type { Draft } from "@/pages/memories/panel/drafts";

/** The metadata that was typed; undefined where it is no object. */
export function metadataIn(typed: string): Record<string, unknown> | null | undefined {
  if (typed.trim() === "") return null;
  try {
    const value: unknown = JSON.parse(typed);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Only what differs, so that nothing else is touched. */
export function editOf(draft: Draft): Edit {
  const { base } = draft;
  const edit: Edit = {};
  if (draft.text !== base.text) edit.text = draft.text;
  const categories = namesIn(draft.categories);
  if (JSON.stringify(categories) !== JSON.stringify(base.categories ?? [])) {
    edit.categories = categories;
  }
  const metadata = metadataIn(draft.metadata);
  if (metadata !== undefined && JSON.stringify(metadata) !== JSON.stringify(base.metadata)) {
    edit.metadata = metadata;
  }
  return edit;
}
