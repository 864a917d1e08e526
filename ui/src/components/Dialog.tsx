import { lazy, type ReactNode, Suspense } from "react";

export interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  text?: string;
  /** Along the right edge and from top to bottom. */
  sheet?: boolean;
  children: ReactNode;
}

// What keeps the focus inside is large, and no page begins with a dialog.
const DialogBody = lazy(() => import("@/components/DialogBody"));

/** A question before everything else. Focus goes in, and back to where it was. */
export function Dialog({ open, ...rest }: DialogProps) {
  return <Suspense>{open && <DialogBody {...rest} />}</Suspense>;
}
