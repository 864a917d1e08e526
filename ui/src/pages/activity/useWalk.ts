import type { KeyboardEvent, RefObject } from "react";
import { t } from "@/i18n/t";
import { useShortcuts } from "@/keys/shortcuts";

const STEPS: Record<string, (at: number, last: number) => number> = {
  ArrowDown: (at) => at + 1,
  ArrowUp: (at) => at - 1,
  Home: () => 0,
  End: (_, last) => last,
};
const PAINTS = 10;

/** Arrow keys go from one row of a virtual list to the next; rows that are not drawn yet are waited for. */
export function useWalk(
  list: RefObject<HTMLElement | null>,
  length: number,
  scrollTo: (index: number) => void,
) {
  useShortcuts("page", [
    { keys: "ArrowUp ArrowDown", label: t("activity.key.walk") },
    { keys: "Home End", label: t("activity.key.ends") },
  ]);
  const focus = (index: number, paints = PAINTS) => {
    const row = list.current?.querySelector<HTMLElement>(`[data-index="${index}"] button`);
    if (row) row.focus();
    else if (paints > 0) requestAnimationFrame(() => focus(index, paints - 1));
  };
  return (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    const at = Number(target.closest<HTMLElement>("[data-index]")?.dataset.index);
    const step = STEPS[event.key];
    if (!step || Number.isNaN(at) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const next = Math.min(Math.max(step(at, length - 1), 0), length - 1);
    scrollTo(next);
    focus(next);
  };
}
