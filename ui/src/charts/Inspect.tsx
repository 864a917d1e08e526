import type { KeyboardEvent, MouseEvent, PointerEvent, ReactNode } from "react";

const STEPS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  Home: [Number.NEGATIVE_INFINITY, 0],
  End: [Number.POSITIVE_INFINITY, 0],
};

interface Props {
  label: string;
  /** Where the cursor is, and what is there in words. */
  at: number;
  last: number;
  text: string;
  onMove: (dx: number, dy: number) => void;
  /** A place in the drawing; null when the pointer has left it. */
  onPoint: (place: { x: number; y: number } | null) => void;
  onOpen: () => void;
  children: ReactNode;
}

/** Makes a drawing one thing to reach: arrow keys and the pointer move a cursor in it. */
export function Inspect({ label, at, last, text, onMove, onPoint, onOpen, children }: Props) {
  const press = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step) onMove(...step);
    else if (event.key === "Enter" || event.key === " ") onOpen();
    else return;
    event.preventDefault();
  };
  const point = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    onPoint({ x: event.clientX - box.left, y: event.clientY - box.top });
  };
  // A finger cannot hover: its touch shows the numbers, with a link to go on.
  const click = (event: MouseEvent) => {
    if ((event.nativeEvent as unknown as globalThis.PointerEvent).pointerType === "mouse") onOpen();
  };
  return (
    <div
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={last}
      aria-valuenow={at}
      aria-valuetext={text}
      className="cursor-pointer touch-pan-y rounded-md select-none"
      onKeyDown={press}
      onPointerMove={point}
      onPointerDown={point}
      onPointerLeave={(event) => event.pointerType === "mouse" && onPoint(null)}
      onClick={click}
    >
      {children}
    </div>
  );
}
