import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { type AppOut, renameApp } from "@/api/queries/apps";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Field, Input } from "@/components/Field";
import { wordsFor } from "@/components/ProblemCard";
import { done } from "@/components/undo";
import { t } from "@/i18n/t";

export function RenameDialog({ app, onClose }: { app: AppOut; onClose: () => void }) {
  const client = useQueryClient();
  const [label, setLabel] = useState(app.label);
  const rename = useMutation({
    mutationFn: () => renameApp(app.name, label.trim() || null),
    onSuccess: (renamed) => {
      onClose();
      const back = () => renameApp(app.name, app.label === app.name ? null : app.label);
      void done(t("apps.renaming.done", { label: renamed.label }), back);
      return client.invalidateQueries();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rename.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("apps.renaming.title", { app: app.label })}
      text={t("apps.renaming.text", { name: app.name })}
    >
      <form onSubmit={submit} className="grid gap-4">
        <Field
          label={t("apps.renaming.label")}
          hint={t("apps.renaming.hint")}
          error={rename.error && wordsFor(rename.error).text}
        >
          {(box) => (
            <Input
              {...box}
              dir="auto"
              maxLength={255}
              value={label}
              placeholder={app.name}
              onChange={(event) => setLabel(event.target.value)}
            />
          )}
        </Field>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary" disabled={rename.isPending}>
            {t("apps.rename")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
