/** Which dialog of the shell is open: any page may open one. */

import { useSyncExternalStore } from "react";

export type Overlay = "jump" | "new" | "shortcuts" | null;

let open: Overlay = null;
const listeners = new Set<() => void>();

export function openOverlay(overlay: Overlay): void {
  open = overlay;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useOverlay(): Overlay {
  return useSyncExternalStore(subscribe, () => open);
}
