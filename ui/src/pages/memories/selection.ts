/** Which memories are chosen: some by id, or all that the filter leaves. */

export interface Selection {
  ids: ReadonlySet<string>;
  /** All of the list, loaded or not. */
  all: boolean;
  /** From where a range goes. */
  anchor: number;
}

export const NONE: Selection = { ids: new Set(), all: false, anchor: 0 };

export function isNone(selection: Selection): boolean {
  return !selection.all && selection.ids.size === 0;
}

export function isChosen(selection: Selection, id: string): boolean {
  return selection.all || selection.ids.has(id);
}

export function sizeOf(selection: Selection, total: number): number {
  return selection.all ? total : selection.ids.size;
}

/** Adds or takes away one; of `all` there stay those that are `loaded`, and it is a choice of some. */
export function flipped(
  selection: Selection,
  id: string,
  at: number,
  loaded: () => string[],
): Selection {
  const ids = new Set(selection.all ? loaded() : selection.ids);
  if (!ids.delete(id)) ids.add(id);
  return { ids, all: false, anchor: at };
}

/** From the anchor to a row, beside what was chosen before. */
export function extended(selection: Selection, ids: readonly string[]): Selection {
  if (selection.all) return selection;
  return { ...selection, ids: new Set([...selection.ids, ...ids]) };
}
