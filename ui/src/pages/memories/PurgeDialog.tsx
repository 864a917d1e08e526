import { type FormEvent, useState } from "react";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Field, Input } from "@/components/Field";
import { t } from "@/i18n/t";

interface Props {
  n: number;
  onClose: () => void;
  onDone: () => void;
}

/** The one thing here that no undo brings back, so it takes a word. */
export function PurgeDialog({ n, onClose, onDone }: Props) {
  const [typed, setTyped] = useState("");
  const word = t("memories.purgeDialog.word");
  const agreed = typed.trim().toLowerCase() === word;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (agreed) onDone();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("memories.purgeDialog.title")}
      text={t("memories.purgeDialog.text", { n })}
    >
      <form onSubmit={submit} className="grid gap-4">
        <Field label={t("memories.purgeDialog.label", { word })}>
          {(box) => (
            <Input
              {...box}
              autoComplete="off"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          )}
        </Field>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="danger" disabled={!agreed}>
            {t("memories.purgeDialog.submit", { n })}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
