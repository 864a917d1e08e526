import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { type KeyView, revokeKey } from "@/api/queries/keys";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Field, Input } from "@/components/Field";
import { wordsFor } from "@/components/ProblemCard";
import { done } from "@/components/undo";
import { t } from "@/i18n/t";
import { nameOfKey } from "@/pages/apps/keys/naming";

/** No undo brings a key back, so it takes a word. */
export function RevokeDialog({ of, onClose }: { of: KeyView; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const key = nameOfKey(of);
  const word = t("apps.keys.revoking.word");
  const agreed = typed.trim().toLowerCase() === word;
  const revoke = useMutation({
    mutationFn: () => revokeKey(of.id),
    onSuccess: () => {
      onClose();
      void done(t("apps.keys.revoking.done", { key }), null);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (agreed) revoke.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("apps.keys.revoking.title", { key })}
      text={t("apps.keys.revoking.text")}
    >
      <form onSubmit={submit} className="grid gap-4">
        <Field
          label={t("apps.keys.revoking.label", { word })}
          error={revoke.error && wordsFor(revoke.error).text}
        >
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
          <Button type="submit" look="danger" disabled={!agreed || revoke.isPending}>
            {t("apps.keys.revoking.submit")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
