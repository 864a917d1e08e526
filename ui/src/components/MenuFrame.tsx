import { DropdownMenu } from "radix-ui";
import { type ReactNode, useLayoutEffect, useState } from "react";
import { createPortal } from "react-dom";
import type { Opened } from "@/components/opener";

interface Props extends Opened {
  align: "start" | "end";
  className: string;
  /** Once the menu is closed and its button has the focus again. */
  onClosed?: () => void;
  children: ReactNode;
}

// Nothing of a page stands outside of its parts, so that none is missed by who goes by them.
const LANDMARK = "header, nav, main, [role=dialog]";

/** A menu at a button that is not its own: focus goes back there when it closes. */
export function MenuFrame({ open, setOpen, button, id, align, className, ...rest }: Props) {
  const { onClosed, children } = rest;
  return (
    <DropdownMenu.Root open={open} onOpenChange={setOpen} modal={false}>
      {open && <Place button={button} />}
      <DropdownMenu.Portal container={button.current?.closest<HTMLElement>(LANDMARK)}>
        <DropdownMenu.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          aria-labelledby={id}
          onInteractOutside={(event) => {
            // Its own click closes the menu; closed before that, it would open again.
            if (button.current?.contains(event.target as Node)) event.preventDefault();
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            button.current?.focus();
            onClosed?.();
          }}
          className={className}
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** Radix places a menu at its own trigger: an unseen one, where the button is. */
function Place({ button }: Pick<Opened, "button">) {
  const [box, setBox] = useState<DOMRect>();
  useLayoutEffect(() => {
    const measure = () => setBox(button.current?.getBoundingClientRect());
    measure();
    window.addEventListener("resize", measure);
    return () => window.removeEventListener("resize", measure);
  }, [button]);
  const style = box && { top: box.top, left: box.left, width: box.width, height: box.height };
  return createPortal(
    <DropdownMenu.Trigger asChild>
      <span aria-hidden className="pointer-events-none fixed" style={style} />
    </DropdownMenu.Trigger>,
    document.body,
  );
}
