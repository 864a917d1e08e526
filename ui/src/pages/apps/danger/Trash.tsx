import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { type AppOut, memoriesOfQuery } from "@/api/queries/apps";
import { meQuery } from "@/api/queries/me";
import { changeMany } from "@/api/queries/memories";
import { Button } from "@/components/Button";
import { Section } from "@/components/Page";
import { done, failed } from "@/components/undo";
import { t } from "@/i18n/t";
import { namesOf } from "@/pages/apps/known";

/** All that it wrote into the trash, as one action. */
export function Trash({ app }: { app: AppOut }) {
  const client = useQueryClient();
  const { data: me } = useQuery(meQuery);
  const names = namesOf(app);
  const { data } = useQuery(memoriesOfQuery(names));
  const n = data?.total ?? 0;
  const trash = useMutation({
    mutationFn: () => changeMany("delete", { filter: { app: names } }),
    onSuccess: ({ changed, action_id }) =>
      void done(t("apps.danger.trash.done", { n: changed }), action_id),
    onError: (error) => void failed(error),
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <Section title={t("apps.danger.trash.title")}>
      <p className="mb-3 text-soft">{t("apps.danger.trash.text", { days: me?.trash_days ?? 0 })}</p>
      {data && n === 0 ? (
        <p className="mb-3">{t("apps.danger.trash.none")}</p>
      ) : (
        <Button
          look="danger"
          icon={Trash2}
          disabled={n === 0 || trash.isPending}
          onClick={() => trash.mutate()}
        >
          {t("apps.danger.trash.submit", { n })}
        </Button>
      )}
      <p className="mt-3 text-xs text-faint">{t("apps.danger.trash.stays")}</p>
    </Section>
  );
}
