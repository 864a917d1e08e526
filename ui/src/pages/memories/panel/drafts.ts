/** Changes that were begun and not saved: leaving a memory must not lose them. */

import type { MemoryDetail } from "@/api/queries/memory";

export interface Draft {
  /** What was changed: the memory as it was when the change began. */
  base: Pick<MemoryDetail, "version" | "text" | "categories" | "metadata">;
  text: string;
  categories: string;
  metadata: string;
}

const drafts = new Map<string, Draft>();

export function draftOf(memory: MemoryDetail): Draft {
  const { version, text, categories, metadata } = memory;
  const fresh: Draft = {
    base: { version, text, categories, metadata },
    text,
    categories: (categories ?? []).join(", "),
    metadata: metadata ? JSON.stringify(metadata, null, 2) : "",
  };
  return drafts.get(memory.id) ?? fresh;
}

export const isKept = (id: string): boolean => drafts.has(id);
export const keepDraft = (id: string, draft: Draft): void => void drafts.set(id, draft);
export const dropDraft = (id: string): void => void drafts.delete(id);
