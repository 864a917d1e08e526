import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { IconButton } from "@/components/Button";
import { t } from "@/i18n/t";

interface Props {
  open: boolean;
  onClose: () => void;
  title: string;
  text?: string;
  /** Along the right edge and from top to bottom. */
  sheet?: boolean;
  children: ReactNode;
}

/** A question before everything else. Focus goes in, and back to where it was. */
export function Dialog({ open, onClose, title, text, sheet, children }: Props) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => next || onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/45" />
        <Radix.Content
          {...(text ? {} : { "aria-describedby": undefined })}
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
