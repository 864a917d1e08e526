/** A long press of a finger on a row, which selects it as its checkbox would. */

import { type PointerEvent, type SyntheticEvent, useCallback, useEffect, useRef } from "react";

const LONG_MS = 500;
/** A finger that moves farther scrolls. */
const MOVED_PX = 10;

export function useLongPress(onLong: (index: number) => void) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const from = useRef({ x: 0, y: 0 });
  /** The click that the lifted finger makes is no press on the row any more. */
  const taken = useRef(false);
  const stop = useCallback(() => clearTimeout(timer.current), []);
  useEffect(() => stop, [stop]);

  const onPointerDown = ({ pointerType, target, clientX: x, clientY: y }: PointerEvent) => {
    stop();
    taken.current = false;
    const row = (target as HTMLElement).closest<HTMLElement>("[data-index]");
    if (pointerType !== "touch" || !row) return;
    from.current = { x, y };
    timer.current = setTimeout(() => {
      taken.current = true;
      onLong(Number(row.dataset.index));
    }, LONG_MS);
  };
  const onPointerMove = ({ clientX, clientY }: PointerEvent) => {
    if (Math.hypot(clientX - from.current.x, clientY - from.current.y) > MOVED_PX) stop();
  };
  const swallow = (event: SyntheticEvent) => {
    if (!taken.current) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return {
    onPointerDown,
    onPointerMove,
    onPointerUp: stop,
    onPointerCancel: stop,
    onClickCapture: swallow,
    // The browser's own menu for the link that the finger is on.
    onContextMenu: swallow,
  };
}
