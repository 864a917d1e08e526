/** What is chosen in a list and where the keyboard is, kept with the entry of the history. */

import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { failed } from "@/components/undo";
import type { GridHandle } from "@/pages/memories/Grid";
import { placeAt, rememberPlace } from "@/pages/memories/place";
import { extended, flipped, isNone, NONE, type Selection } from "@/pages/memories/selection";

export function useSelection(entry: string, grid: RefObject<GridHandle | null>) {
  const [start] = useState(() => placeAt(entry));
  const [selection, setSelection] = useState<Selection>(start.selection);
  const [at, setAt] = useState(start.at);
  const top = useRef(start.top);
  const now = useRef({ selection, at });
  now.current = { selection, at };
  useEffect(() => () => rememberPlace(entry, { ...now.current, top: top.current }), [entry]);

  const flip = useCallback(
    (index: number) => {
      const rows = grid.current?.rows;
      const id = rows?.rowAt(index)?.item.id;
      if (!rows || id === undefined) return;
      const loaded = () => rows.loaded().map((item) => item.id);
      setSelection((old) => flipped(old, id, index, loaded));
      setAt(index);
    },
    [grid],
  );
  /** To a row from where the last one was chosen, or from where the keyboard is. */
  const extend = useCallback(
    async (index: number) => {
      const { selection: old, at: from } = now.current;
      const anchor = isNone(old) ? from : old.anchor;
      try {
        const ids = (await grid.current?.rows.idsBetween(anchor, index)) ?? [];
        setSelection((later) => extended({ ...later, anchor }, ids));
      } catch (error) {
        void failed(error);
      }
    },
    [grid],
  );
  const all = useCallback(() => setSelection({ ...NONE, all: true }), []);
  const clear = useCallback(() => setSelection(NONE), []);
  return { selection, at, setAt, top, startTop: start.top, now, flip, extend, all, clear };
}
