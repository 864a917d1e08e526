import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { useState } from "react";
import { IconButton } from "@/components/Button";
import type { DialogProps } from "@/components/Dialog";
import { t } from "@/i18n/t";

type Props = Omit<DialogProps, "open">;

export default function DialogBody({ onClose, title, text, sheet, children }: Props) {
  // Radix gives the focus back to its own trigger only, and these dialogs have none.
  const [before] = useState(() => document.activeElement as HTMLElement | null);
  const giveBack = (event: Event) => {
    event.preventDefault();
    const there = before?.isConnected && before !== document.body ? before : null;
    (there ?? document.getElementById("content"))?.focus({ preventScroll: true });
  };
  return (
    <Radix.Root open onOpenChange={(next) => next || onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/45" />
        <Radix.Content
          {...(text ? {} : { "aria-describedby": undefined })}
          onOpenAutoFocus={sheet ? undefined : toField}
          onCloseAutoFocus={giveBack}
          className={
            sheet
              ? "fixed inset-y-0 end-0 z-50 w-full max-w-xl overflow-y-auto border-s border-line bg-raised p-5 shadow-pop"
              : "fixed inset-x-3 top-[8dvh] z-50 mx-auto max-h-[84dvh] max-w-lg overflow-y-auto rounded-card border border-line bg-raised p-5 shadow-pop"
          }
        >
          <div className="mb-3 flex items-start gap-3">
            <Radix.Title className="text-base font-semibold">{title}</Radix.Title>
            <Radix.Close asChild>
              <IconButton icon={X} label={t("common.close")} className="-me-1 -mt-1 ms-auto" />
            </Radix.Close>
          </div>
          {text && <Radix.Description className="mb-3 text-soft">{text}</Radix.Description>}
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Into what is to be filled in, if anything is; else to the first button, as Radix does. */
function toField(event: Event): void {
  const box = (event.currentTarget as HTMLElement).querySelector<HTMLElement>(
    "textarea, select, input:not([type=checkbox], [type=radio])",
  );
  if (box === null) return;
  event.preventDefault();
  box.focus();
}
