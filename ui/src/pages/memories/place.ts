/** Where somebody was in a list, for when they come back to that entry of the browser's history. */

import { NONE, type Selection } from "@/pages/memories/selection";

export interface Place {
  top: number;
  /** The row that the keyboard is at. */
  at: number;
  selection: Selection;
}

const START: Place = { top: 0, at: 0, selection: NONE };
const MAX_PLACES = 50;
const places = new Map<string, Place>();

export function placeAt(entry: string): Place {
  return places.get(entry) ?? START;
}

export function rememberPlace(entry: string, place: Place): void {
  places.delete(entry);
  places.set(entry, place);
  const [oldest] = places.keys();
  if (places.size > MAX_PLACES && oldest !== undefined) places.delete(oldest);
}
