import { type FormEvent, useState } from "react";
import { type KeyView, rotateKey } from "@/api/queries/keys";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Field, Select } from "@/components/Field";
import { t } from "@/i18n/t";
import { nameOfKey } from "@/pages/apps/keys/naming";
import { Once } from "@/pages/apps/keys/Once";
import { useSecret } from "@/pages/apps/keys/useSecret";

const HOURS = { h0: 0, h1: 1, h24: 24, h168: 168 };
type Overlap = keyof typeof HOURS;

export function RotateDialog({ of, onClose }: { of: KeyView; onClose: () => void }) {
  const [overlap, setOverlap] = useState<Overlap>("h24");
  const { secret, error, busy, ask } = useSecret(() => rotateKey(of.id, HOURS[overlap]));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void ask();
  };
  if (secret !== null) {
    return (
      <Dialog open onClose={onClose} title={t("apps.keys.once.title")}>
        <Once secret={secret} onDone={onClose} />
      </Dialog>
    );
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("apps.keys.rotating.title", { key: nameOfKey(of) })}
      text={t("apps.keys.rotating.text")}
    >
      <form onSubmit={submit} className="grid gap-4">
        <Field label={t("apps.keys.rotating.overlap")} error={error}>
          {(box) => (
            <Select
              {...box}
              value={overlap}
              onChange={(event) => setOverlap(event.target.value as Overlap)}
            >
              {(Object.keys(HOURS) as Overlap[]).map((name) => (
                <option key={name} value={name}>
                  {t(`apps.keys.rotating.hours.${name}`)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary" disabled={busy}>
            {t("apps.keys.rotating.submit")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
