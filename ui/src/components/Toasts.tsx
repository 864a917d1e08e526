/** The messages at the lower edge. What shows them comes with the first thing a person does. */

import { lazy, Suspense, useEffect, useSyncExternalStore } from "react";
import { usePreferences } from "@/preferences";

// Never over the bar at the lower edge of a phone.
const ABOVE = { bottom: "calc(var(--bottom-bar) + 1rem)" };
const FONT = { fontFamily: "var(--font-sans)" };

let wanted = false;
const listeners = new Set<() => void>();
let ready: () => void = () => {};
// A message sent before the box stands would be lost.
const standing = new Promise<void>((resolve) => {
  ready = resolve;
});

function want(): void {
  wanted = true;
  for (const listener of listeners) listener();
}

/** What sends a message, once there is a place where it can be seen. */
export async function toaster() {
  want();
  const { toast } = await import("sonner");
  await standing;
  return toast;
}

const Box = lazy(async () => ({ default: (await import("sonner")).Toaster }));

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => wanted);
  const { theme } = usePreferences();
  useEffect(() => {
    for (const act of ["pointerdown", "keydown"]) {
      document.addEventListener(act, want, { once: true });
    }
  }, []);
  if (!shown) return null;
  return (
    <Suspense>
      <Box
        theme={theme}
        position="bottom-center"
        offset={ABOVE}
        mobileOffset={ABOVE}
        style={FONT}
        visibleToasts={4}
        closeButton
      />
      <Ready />
    </Suspense>
  );
}

/** After the box: its effects have run when this one's do. */
function Ready() {
  useEffect(() => ready(), []);
  return null;
}
