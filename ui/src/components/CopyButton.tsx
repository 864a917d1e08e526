import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { Button, IconButton } from "@/components/Button";
import { t } from "@/i18n/t";

/** Works without the clipboard interface too, which plain-http origins do not have. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const box = document.createElement("textarea");
  box.value = text;
  box.style.position = "fixed";
  box.style.opacity = "0";
  const focused = document.activeElement as HTMLElement | null;
  // Inside of an open dialog, or its focus trap would take the focus back.
  (focused?.closest('[role="dialog"]') ?? document.body).append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  focused?.focus();
  if (!done) throw new Error("The browser does not let this page copy");
}

interface Props {
  text: string;
  /** What is copied, to be read out: "Copy the command". */
  label: string;
  /** With the word beside the picture. */
  worded?: boolean;
}

export function CopyButton({ text, label, worded }: Props) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  const press = () => void copyText(text).then(() => setCopied(true));
  const icon = copied ? Check : Copy;
  return (
    <>
      {worded ? (
        <Button icon={icon} onClick={press} aria-label={label}>
          {copied ? t("common.copied") : t("common.copy")}
        </Button>
      ) : (
        <IconButton icon={icon} label={label} onClick={press} />
      )}
      <span role="status" className="sr-only">
        {copied ? t("common.copied") : ""}
      </span>
    </>
  );
}
