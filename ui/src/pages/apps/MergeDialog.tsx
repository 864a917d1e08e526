import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { type AppOut, appsQuery, mergeApp } from "@/api/queries/apps";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Field, Select } from "@/components/Field";
import { wordsFor } from "@/components/ProblemCard";
import { done } from "@/components/undo";
import { t } from "@/i18n/t";
import { candidates } from "@/pages/apps/known";

export function MergeDialog({ app, onClose }: { app: AppOut; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const { app: onPageOf } = useParams({ strict: false });
  const { data } = useQuery(appsQuery());
  const others = candidates(app, data?.apps ?? []);
  const [chosen, setChosen] = useState<string | null>(null);
  const into = chosen ?? others[0]?.app.name ?? "";
  const merge = useMutation({
    mutationFn: () => mergeApp(app.name, into),
    onSuccess: ({ action_id, app: whole }) => {
      onClose();
      void done(t("apps.merging.done", { app: app.label, into: whole.label }), action_id);
      if (onPageOf) void navigate({ to: "/apps/$app", params: { app: whole.name } });
      return client.invalidateQueries();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    merge.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("apps.merging.title", { app: app.label })}
      text={t("apps.merging.text", { app: app.label })}
    >
      {data && others.length === 0 ? (
        <p>{t("apps.merging.none")}</p>
      ) : (
        <form onSubmit={submit} className="grid gap-4">
          <Field label={t("apps.merging.into")} error={merge.error && wordsFor(merge.error).text}>
            {(box) => (
              <Select {...box} value={into} onChange={(event) => setChosen(event.target.value)}>
                {others.map(({ app: { name, label }, alike }) => (
                  <option key={name} value={name}>
                    {alike ? t("apps.merging.alike", { app: label }) : label}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          <div className="flex justify-end gap-2">
            <Button onClick={onClose}>{t("common.cancel")}</Button>
            <Button type="submit" look="primary" disabled={merge.isPending || into === ""}>
              {t("apps.merging.submit")}
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
