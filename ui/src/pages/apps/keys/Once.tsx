import { Button } from "@/components/Button";
import { CopyButton } from "@/components/CopyButton";
import { t } from "@/i18n/t";

/** A key, this one time. */
export function Once({ secret, onDone }: { secret: string; onDone: () => void }) {
  return (
    <div className="grid gap-3">
      <p role="status" className="rounded-lg bg-good-soft px-3 py-2 text-good">
        {t("apps.keys.once.text")}
      </p>
      <code className="rounded-lg border border-line bg-sunken p-3 font-mono text-sm break-all select-all">
        {secret}
      </code>
      <div className="flex flex-wrap justify-end gap-2">
        <CopyButton worded text={secret} label={t("apps.keys.once.copy")} />
        <Button look="primary" onClick={onDone}>
          {t("apps.keys.once.done")}
        </Button>
      </div>
    </div>
  );
}
