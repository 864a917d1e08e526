/** One tick a minute for all times on a page, while it is looked at. */

import { useSyncExternalStore } from "react";

const MINUTE = 60_000;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let ticks = 0;

function tick(): void {
  ticks += 1;
  for (const listener of listeners) listener();
}

function begin(): void {
  clearInterval(timer);
  timer = document.hidden ? undefined : setInterval(tick, MINUTE);
}

/** Nothing is drawn for nobody; whoever comes back sees at once how late it is. */
function look(): void {
  begin();
  if (!document.hidden) tick();
}

export function everyMinute(listener: () => void): () => void {
  if (listeners.size === 0) {
    begin();
    document.addEventListener("visibilitychange", look);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    document.removeEventListener("visibilitychange", look);
  };
}

/** Has a component drawn anew each minute. */
export const useMinute = (): number => useSyncExternalStore(everyMinute, () => ticks);
