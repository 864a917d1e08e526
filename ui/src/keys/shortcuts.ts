/** Keyboard shortcuts: one registry, which also makes the list that `?` shows. */

import { useEffect, useRef, useSyncExternalStore } from "react";
import { usePreferences } from "@/preferences";

export interface Shortcut {
  /** As KeyboardEvent.key says it, with "Ctrl+", "Alt+" or "Shift+" before; Ctrl is also the Mac's ⌘. */
  keys: string;
  label: string;
  run: (event: KeyboardEvent) => void;
}
/** A key that whatever has the focus sees to itself, and that is listed with the others. */
export interface OwnKey {
  keys: string;
  label: string;
}
export type Scope = "everywhere" | "page";

const SEQUENCE_MS = 1_200;
let prefixedAt = 0;

type Listed = Shortcut | OwnKey;

const active = new Map<symbol, { scope: Scope; shortcuts: readonly Listed[] }>();
const listeners = new Set<() => void>();
let listed: { scope: Scope; shortcut: Listed }[] = [];

function changed(): void {
  listed = [...active.values()].flatMap(({ scope, shortcuts }) =>
    shortcuts.map((shortcut) => ({ scope, shortcut })),
  );
  for (const listener of listeners) listener();
}

export function nameOf(event: KeyboardEvent): string {
  const { key } = event;
  // With Alt some layouts write other signs on the digits' keys.
  if (event.altKey) return `Alt+${/^Digit(\d)$/.exec(event.code)?.[1] ?? key}`;
  const ctrl = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  const shift = event.shiftKey && key.length > 1 ? "Shift+" : "";
  return (
    ctrl + shift + (key.length === 1 && !ctrl ? key : key.length === 1 ? key.toLowerCase() : key)
  );
}

function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  return Boolean(target?.closest?.("input, textarea, select, [contenteditable]"));
}

function isInOverlay(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  return Boolean(target?.closest?.('[role="dialog"], [role="menu"], [role="listbox"]'));
}

function isCharacter(name: string): boolean {
  return name.length === 1 || name.startsWith("g+");
}

/** `g` says that the next key goes somewhere: it is then called "g+" and the key. */
function named(event: KeyboardEvent): string {
  const name = nameOf(event);
  return Date.now() - prefixedAt < SEQUENCE_MS ? `g+${name}` : name;
}

if (typeof document !== "undefined") {
  // After all others have seen the key.
  window.addEventListener("keydown", (event) => {
    prefixedAt = event.key === "g" && !isTyping(event) ? Date.now() : 0;
  });
}

/** Makes shortcuts work while the component is shown. Plain characters obey the preference. */
export function useShortcuts(scope: Scope, shortcuts: readonly Listed[]): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  const { shortcuts: on } = usePreferences();
  const shown = shortcuts.map(({ keys, label }) => `${keys}\t${label}`).join("\n");

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shown` is what the list says
  useEffect(() => {
    const id = Symbol(scope);
    active.set(id, { scope, shortcuts: latest.current });
    changed();
    return () => {
      active.delete(id);
      changed();
    };
  }, [scope, shown]);

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      const name = named(event);
      const found = latest.current.find(({ keys }) => keys.split(" ").includes(name));
      if (!found || !("run" in found) || isInOverlay(event)) return;
      if (!on && isCharacter(name)) return;
      // In a box, Ctrl and A are about its own text.
      if (isTyping(event) && (!name.startsWith("Ctrl+") || name === "Ctrl+a")) return;
      event.preventDefault();
      found.run(event);
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [on]);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useListedShortcuts() {
  return useSyncExternalStore(subscribe, () => listed);
}
