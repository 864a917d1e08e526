import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type AppOut, takeBack } from "@/api/queries/apps";
import { Button } from "@/components/Button";
import { Field, Input } from "@/components/Field";
import { Section } from "@/components/Page";
import { Segmented } from "@/components/Segmented";
import { done, failed } from "@/components/undo";
import { t } from "@/i18n/t";
import { Outcome } from "@/pages/apps/danger/Outcome";
import { beginOf, type Span } from "@/pages/apps/known";

const SPANS: Span[] = ["hour", "today", "week", "moment"];

/** Everything it did since a moment: first what that would be, then done as one action. */
export function TakeBack({ app }: { app: AppOut }) {
  const client = useQueryClient();
  const [span, setSpan] = useState<Span>("hour");
  const [moment, setMoment] = useState("");
  const tried = useMutation({
    mutationFn: (since: string) => takeBack(app.name, since, true),
    onError: (error) => void failed(error),
  });
  // Of what was shown: time goes on meanwhile.
  const since = tried.variables;
  const taken = useMutation({
    mutationFn: () => takeBack(app.name, since ?? "", false),
    onSuccess: ({ reversed, action_id }) => {
      tried.reset();
      void done(t("apps.danger.takeBack.done", { n: reversed.length }), action_id);
    },
    onError: (error) => void failed(error),
    onSettled: () => client.invalidateQueries(),
  });
  const begin = beginOf(span, moment, new Date());
  const choose = (next: Span) => {
    setSpan(next);
    tried.reset();
  };
  return (
    <Section title={t("apps.danger.takeBack.title")}>
      <p className="mb-3 max-w-prose text-soft">{t("apps.danger.takeBack.text")}</p>
      <div className="flex flex-wrap items-end gap-3">
        <Segmented
          label={t("apps.danger.takeBack.since")}
          value={span}
          options={SPANS.map((value) => ({
            value,
            label: t(`apps.danger.takeBack.span.${value}`),
          }))}
          onChange={choose}
        />
        {span === "moment" && (
          <Field label={t("apps.danger.takeBack.moment")}>
            {(box) => (
              <Input
                {...box}
                type="datetime-local"
                value={moment}
                onChange={(event) => {
                  setMoment(event.target.value);
                  tried.reset();
                }}
              />
            )}
          </Field>
        )}
        <Button
          disabled={begin === null || tried.isPending}
          onClick={() => begin && tried.mutate(begin.toISOString())}
        >
          {t("apps.danger.takeBack.try")}
        </Button>
      </div>
      {tried.data && (
        <Outcome outcome={tried.data} busy={taken.isPending} onDone={() => taken.mutate()} />
      )}
    </Section>
  );
}
