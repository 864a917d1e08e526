import { Link } from "@tanstack/react-router";
import { Check, Plug } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import type { Overview } from "@/api/queries/overview";
import { CopyButton } from "@/components/CopyButton";
import { t } from "@/i18n/t";

const FAREWELL_MS = 6_000;

/** What a new store still needs. It ticks by itself, says when all is done, and is never here again. */
export function FirstRun({ steps, model }: { steps: Overview["first_run"]; model: string }) {
  const done = steps.models && steps.client && steps.memory;
  const [shown, setShown] = useState(!done);
  useEffect(() => {
    if (!done) return setShown(true);
    const timer = setTimeout(() => setShown(false), FAREWELL_MS);
    return () => clearTimeout(timer);
  }, [done]);
  if (!shown) return null;
  return (
    <section className="rounded-card border border-accent/40 bg-accent-soft p-5">
      <div role="status" className="mb-4">
        <h2 className="text-base font-semibold">
          {t(done ? "overview.first.done" : "overview.first.title")}
        </h2>
      </div>
      <ol className="grid gap-x-8 gap-y-5 md:grid-cols-3">
        <Step n={1} done={steps.models} title={t("overview.first.models")}>
          {t("overview.first.modelsText", { model })}
        </Step>
        <Step n={2} done={steps.client} title={t("overview.first.client")}>
          <p>{t("overview.first.clientText")}</p>
          {!steps.client && (
            <Link
              to="/connect"
              className="mt-2 inline-flex min-h-9 items-center gap-1.5 rounded-lg bg-accent px-3 font-semibold text-accent-ink hover:opacity-90 max-md:min-h-11"
            >
              <Plug aria-hidden className="size-4" />
              {t("overview.first.clientLink")}
            </Link>
          )}
        </Step>
        <Step n={3} done={steps.memory} title={t("overview.first.memory")}>
          <p>{t("overview.first.memoryText")}</p>
          {!steps.memory && (
            <p className="mt-2 flex items-center gap-1 rounded-lg bg-surface ps-3 text-ink">
              <q className="flex-1 py-1.5">{t("overview.first.sentence")}</q>
              <CopyButton
                text={t("overview.first.sentence")}
                label={t("overview.first.copySentence")}
              />
            </p>
          )}
        </Step>
      </ol>
    </section>
  );
}

interface StepProps {
  n: number;
  done: boolean;
  title: string;
  children: ReactNode;
}

function Step({ n, done, title, children }: StepProps) {
  return (
    <li className="grid grid-cols-[1.75rem_1fr] gap-x-3">
      <span
        className={`grid size-7 place-items-center rounded-full text-sm font-semibold ${
          done ? "bg-good text-surface" : "border border-edge bg-surface text-ink"
        }`}
      >
        {done ? <Check aria-hidden className="size-4" /> : <span aria-hidden>{n}</span>}
        <span className="sr-only">{t(`overview.first.step.${done ? "done" : "open"}`)}</span>
      </span>
      <div>
        <h3 className="min-h-7 font-semibold leading-7">{title}</h3>
        <div className="text-soft">{children}</div>
      </div>
    </li>
  );
}
