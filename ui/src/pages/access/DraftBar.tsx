import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { api, body, isProblem } from "@/api/client";
import { previewQuery, type RulesOut } from "@/api/queries/access";
import { nameOfApp } from "@/components/AppName";
import { Button } from "@/components/Button";
import { wordsFor } from "@/components/ProblemCard";
import { done } from "@/components/undo";
import { listed, t } from "@/i18n/t";
import {
  changesOf,
  conflictsOf,
  discardDraft,
  rebaseDraft,
  useDraft,
  useDraftReminder,
} from "@/pages/access/draft";
import { Preview } from "@/pages/access/Preview";

interface Props {
  rules: RulesOut;
  labels: ReadonlyMap<string, string>;
  /** Whether the memories that change hands are listed. */
  open: boolean;
  onOpen: (open: boolean) => void;
}

/** The draft: what it would change, and the ways to put it in place or away. */
export function DraftBar({ rules, labels, open, onOpen }: Props) {
  const draft = useDraft();
  useDraftReminder();
  const changes = changesOf(draft);
  const preview = useQuery(previewQuery(changes));
  const apply = useApply(rules, changes);
  if (changes.length === 0) return null;
  const conflicts = conflictsOf(draft, rules);
  const error = apply.error ?? preview.error;
  const name = (app: string) => nameOfApp(app, labels.get(app));
  return (
    <section
      aria-label={t("access.draft")}
      className="mb-3 grid gap-3 rounded-card border border-accent/60 bg-surface p-3"
    >
      <div className="flex flex-wrap items-center gap-2">
        <h2 className="font-semibold">{t("access.draftOf", { n: changes.length })}</h2>
        <span className="text-soft">{listed(changes.map(({ app }) => name(app)))}</span>
        <div className="ms-auto flex flex-wrap gap-2">
          <Button aria-expanded={open} onClick={() => onOpen(!open)}>
            {t(open ? "access.hidePreview" : "access.preview")}
          </Button>
          <Button look="quiet" onClick={() => discardDraft()}>
            {t("access.discard")}
          </Button>
          <Button
            look="primary"
            disabled={apply.isPending || conflicts.length > 0}
            onClick={() => apply.mutate()}
          >
            {t("access.apply")}
          </Button>
        </div>
      </div>
      {conflicts.length > 0 ? (
        <Conflict apps={conflicts.map(name)} onKeep={() => rebaseDraft(rules)} />
      ) : (
        error && (
          <p role="alert" className="text-bad">
            {isProblem(error, 409, 412) ? t("access.changedMeanwhile") : wordsFor(error).text}
          </p>
        )
      )}
      {preview.data && <Preview found={preview.data} name={name} open={open} />}
    </section>
  );
}

function useApply(rules: RulesOut, changes: ReturnType<typeof changesOf>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      body(api.POST("/api/v1/access/apply", { body: { changes, version: rules.version } })),
    onSuccess: ({ action_id }) => {
      discardDraft();
      void done(t("access.applied", { n: changes.length }), action_id);
    },
    // Also when it is refused: what is shown was out of date then.
    onSettled: () => {
      for (const name of ["access", "apps", "memories", "memory"]) {
        void client.invalidateQueries({ queryKey: [name] });
      }
    },
  });
}

function Conflict({ apps, onKeep }: { apps: string[]; onKeep: () => void }) {
  return (
    <div
      role="alert"
      className="flex flex-wrap items-center gap-2 rounded-lg bg-warn-soft p-2 text-warn"
    >
      <TriangleAlert aria-hidden className="size-4 shrink-0" />
      <span className="min-w-48 flex-1">{t("access.conflict", { apps: listed(apps) })}</span>
      <Button onClick={onKeep}>{t("access.keepDraft")}</Button>
      <Button onClick={() => discardDraft()}>{t("access.takeTheirs")}</Button>
    </div>
  );
}
