/** What a person chose for this browser. Kept in local storage; nothing secret goes there. */

import { useSyncExternalStore } from "react";

export interface Preferences {
  theme: "system" | "light" | "dark";
  density: "compact" | "regular" | "roomy";
  motion: "system" | "none";
  shortcuts: boolean;
  announce: boolean;
}

const NAME = "openmemory.preferences";
const DEFAULTS: Preferences = {
  theme: "system",
  density: "regular",
  motion: "system",
  shortcuts: true,
  announce: true,
};

const listeners = new Set<() => void>();
let current = stored();

function stored(): Preferences {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(NAME) ?? "{}") };
  } catch {
    return DEFAULTS;
  }
}

export function applyPreferences(): void {
  const { dataset } = document.documentElement;
  for (const name of ["theme", "motion"] as const) {
    if (current[name] === "system") delete dataset[name];
    else dataset[name] = current[name];
  }
}

export function prefer(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(NAME, JSON.stringify(current));
  } catch {
    // A browser that keeps nothing: the choice holds until the page is left.
  }
  applyPreferences();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, () => current);
}
