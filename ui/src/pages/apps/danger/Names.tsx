import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type AppOut, partApp } from "@/api/queries/apps";
import { AppName } from "@/components/AppName";
import { Button } from "@/components/Button";
import { done, failed } from "@/components/undo";
import { t } from "@/i18n/t";

/** The names that are merged into it, each to be an app of its own again. */
export function Names({ app }: { app: AppOut }) {
  const client = useQueryClient();
  const part = useMutation({
    mutationFn: partApp,
    onSuccess: ({ action_id }, name) => void done(t("apps.parting.done", { app: name }), action_id),
    onError: (error) => void failed(error),
    onSettled: () => client.invalidateQueries(),
  });
  if (app.merged.length === 0) return null;
  return (
    <div className="mt-4">
      <h3 className="text-xs text-soft">{t("apps.parting.title")}</h3>
      <ul className="divide-y divide-line">
        {app.merged.map((name) => (
          <li key={name} className="flex min-w-0 items-center gap-3 py-1.5">
            <AppName app={name} />
            <Button
              className="ms-auto"
              disabled={part.isPending}
              aria-label={t("apps.parting.submitNamed", { app: name })}
              onClick={() => part.mutate(name)}
            >
              {t("apps.parting.submit")}
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}
