/** The keys that the grid sees to itself. */

import type { KeyboardEvent } from "react";

export interface GridKeys {
  open: (index: number) => void;
  flip: (index: number) => void;
  extend: (index: number) => void;
}

interface Where {
  at: number;
  total: number;
  page: number;
}

/** Where a key leads: a row; null if it did something else; undefined if it is not the grid's. */
export function stepFor(event: KeyboardEvent, where: Where, keys: GridKeys) {
  const { at, total, page } = where;
  if (event.altKey) return undefined;
  const target = event.target as HTMLElement;
  if (target.closest("[role=columnheader]")) return inHeader(event, target, at);
  if (event.ctrlKey || event.metaKey) return undefined;
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: total - 1 }[event.key];
  const moved = to ?? { PageDown: at + page, PageUp: at - page }[event.key];
  if (event.key === "ArrowUp" && at === 0) return toHeader(event);
  if (moved !== undefined) {
    const next = Math.max(0, Math.min(total - 1, moved));
    if (event.shiftKey) keys.extend(next);
    return next;
  }
  if (event.key === "Enter") keys.open(at);
  else if (event.key === " ") keys.flip(at);
  else return undefined;
  return null;
}

function toHeader(event: KeyboardEvent): null {
  event.currentTarget.querySelector<HTMLElement>("[data-sort]")?.focus();
  return null;
}

function inHeader(event: KeyboardEvent, target: HTMLElement, at: number) {
  if (event.key === "ArrowDown") return at;
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step === undefined) return undefined;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-sort]")];
  all[all.indexOf(target.closest<HTMLElement>("[data-sort]") ?? target) + step]?.focus();
  return null;
}
