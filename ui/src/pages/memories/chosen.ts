/** What a change of the selection is asked for, and the states that are in it. */

import type { ListWish, MemoryItem, Wanted } from "@/api/queries/memories";
import type { MemoryState } from "@/components/StateChip";
import { STATES, statesOf } from "@/pages/memories/filters";
import type { Selection } from "@/pages/memories/selection";

interface Chosen {
  wanted: Wanted;
  states: readonly MemoryState[];
}

/** Of memories that are not loaded any more the state is not known: any is possible. */
export function wantedOf(selection: Selection, wish: ListWish, loaded: MemoryItem[]): Chosen {
  if (selection.all) return { wanted: { filter: wish.filter }, states: statesOf(wish) };
  const known = new Map(loaded.map(({ id, state }) => [id, state]));
  const states = new Set([...selection.ids].map((id) => known.get(id)));
  return {
    wanted: { ids: [...selection.ids] },
    states: states.has(undefined) ? STATES : STATES.filter((each) => states.has(each)),
  };
}
