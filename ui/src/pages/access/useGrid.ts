/** A table walked with the arrow keys: one stop for Tab, as WAI-ARIA's grid pattern has it. */

import { type KeyboardEvent, useRef, useState } from "react";

export interface Place {
  row: number;
  column: number;
}

/** Where a key leads from a place, or null if it leads nowhere. */
export function stepTo(key: string, ctrl: boolean, at: Place, last: Place): Place | null {
  const { row, column } = at;
  const steps: Record<string, Place> = {
    ArrowUp: { row: row - 1, column },
    ArrowDown: { row: row + 1, column },
    ArrowLeft: { row, column: column - 1 },
    ArrowRight: { row, column: column + 1 },
    Home: { row: ctrl ? 0 : row, column: 0 },
    End: { row: ctrl ? last.row : row, column: last.column },
  };
  const next = steps[key];
  if (!next) return null;
  return {
    row: Math.min(Math.max(next.row, 0), last.row),
    column: Math.min(Math.max(next.column, 0), last.column),
  };
}

export function useGrid(rows: number, columns: number) {
  const table = useRef<HTMLTableElement>(null);
  const [wanted, setAt] = useState<Place>({ row: 0, column: 0 });
  const last = { row: rows - 1, column: columns - 1 };
  const at = {
    row: Math.min(wanted.row, last.row),
    column: Math.min(wanted.column, last.column),
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const rtl = getComputedStyle(event.currentTarget).direction === "rtl";
    const turned: Record<string, string> = { ArrowLeft: "ArrowRight", ArrowRight: "ArrowLeft" };
    const key = (rtl && turned[event.key]) || event.key;
    const next = event.altKey ? null : stepTo(key, event.ctrlKey || event.metaKey, at, last);
    if (next === null) return;
    event.preventDefault();
    setAt(next);
    const cell = table.current?.querySelector<HTMLElement>(
      `[data-place="${next.row}:${next.column}"]`,
    );
    cell?.focus();
  };
  const place = (row: number, column: number) => ({
    "data-place": `${row}:${column}`,
    onFocus: () => setAt({ row, column }),
  });
  /** The cell's tabIndex: Tab stops at one of them only. */
  const stop = (row: number, column: number) => (row === at.row && column === at.column ? 0 : -1);
  /** The place that has the focus, if one has. */
  const focused = () => (table.current?.contains(document.activeElement) ? at : null);
  return { table, onKeyDown, place, stop, focused };
}
