/** The hue of an app, the same on every page and in every chart. */

import { useSyncExternalStore } from "react";

/** Paul Tol's "bright" and "muted" sets, darkened to carry white letters. */
const HUES = [
  "#3b6a99",
  "#1f7a33",
  "#9a2f68",
  "#8a5a00",
  "#6a3fa0",
  "#9c3d22",
  "#1d7480",
  "#5c6b1e",
] as const;
const NEUTRAL = "#5f6562";

export type Hues = (app: string | null) => string;

export interface Known {
  name: string;
  created_at: string;
  merged: readonly string[];
}

const hueAt = (place: number): string => HUES[place % HUES.length] ?? NEUTRAL;

/** In the order in which apps were first known, so that the first eight share none and none changes
 * when others come. An app that is not among them has one by its name. */
export function huesOf(apps: readonly Known[]): Hues {
  const when = ({ created_at, name }: Known) => `${created_at}\t${name}`;
  const sorted = [...apps].sort((one, other) => (when(one) < when(other) ? -1 : 1));
  const places = new Map(
    sorted.flatMap(({ name, merged }, place) => [name, ...merged].map((each) => [each, place])),
  );
  return (app) => (app === null ? NEUTRAL : hueAt(places.get(app) ?? hashOf(app)));
}

function hashOf(name: string): number {
  let hash = 0;
  for (const char of name) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return hash;
}

// Nobody's yet: a hue that changes once the order is known would be taken for another app's.
let hues: Hues = () => NEUTRAL;
const listeners = new Set<() => void>();

/** Says which apps there are; those who may not list them get hues by the names alone. */
export function knowApps(apps: readonly Known[]): void {
  hues = huesOf(apps);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useHues = (): Hues => useSyncExternalStore(subscribe, () => hues);
