/** A button that opens something which is loaded when somebody comes near the button. */

import { type KeyboardEvent, type RefObject, useId, useRef, useState } from "react";

export interface Opener {
  /** Somebody came near: what it opens is wanted soon. */
  near: boolean;
  open: boolean;
  setOpen: (open: boolean) => void;
  button: RefObject<HTMLButtonElement | null>;
  id: string;
}

/** What the opened part has to know of its button. */
export type Opened = Pick<Opener, "open" | "setOpen" | "button" | "id">;

/** The state, and what the button itself gets. It is the same element before and after the load. */
export function useOpener(kind: "menu" | "dialog") {
  const [near, setNear] = useState(false);
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const come = () => setNear(true);
  const flip = () => {
    setNear(true);
    setOpen(!open);
  };
  const props = {
    ref: button,
    id,
    "aria-haspopup": kind,
    "aria-expanded": open,
    onPointerEnter: come,
    onFocus: come,
    onClick: flip,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== "ArrowDown" || open) return;
      event.preventDefault();
      flip();
    },
  } as const;
  const opener: Opener = { near, open, setOpen, button, id };
  return [opener, props] as const;
}
