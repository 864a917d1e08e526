/** The geometry of the list: of its columns where it is wide, and of its rows. */

import type { Preferences } from "@/preferences";

export const COLUMNS =
  "grid-cols-[2.75rem_minmax(0,1fr)_9rem_9rem_6.5rem_4rem_5.5rem_6.5rem] 2xl:grid-cols-[2.75rem_minmax(0,1fr)_11rem_11rem_7rem_5rem_6rem_7rem]";

export const CELLS = {
  text: "min-w-0 pe-4",
  app: "min-w-0 pe-3",
  categories: "min-w-0 pe-3",
  state: "min-w-0",
  reads: "pe-5 text-end tabular-nums",
  readers: "min-w-0",
  time: "truncate pe-4 text-end",
} as const;

const HEIGHTS: Record<Preferences["density"], number> = { compact: 32, regular: 44, roomy: 64 };

/** Pixels of a row; with two lines there is less to save. */
export function heightOf(density: Preferences["density"], wide: boolean): number {
  if (wide) return HEIGHTS[density];
  return density === "roomy" ? 84 : 64;
}

export function linesOf(density: Preferences["density"]): 1 | 2 {
  return density === "roomy" ? 2 : 1;
}
