/** What a page shows of a query: its answer, or that it is coming, or why it is not. */

import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { isProblem } from "@/api/client";
import { ProblemCard } from "@/components/ProblemCard";
import { t } from "@/i18n/t";
import { timeOfDay } from "@/i18n/time";

interface Props<T> {
  query: UseQueryResult<T>;
  /** In the geometry of what will be there. */
  skeleton?: ReactNode;
  children: (data: T) => ReactNode;
}

/** A failed request never looks empty: what was last known stays, marked with its time. */
export function Answer<T>({ query, skeleton, children }: Props<T>) {
  const { data, error, dataUpdatedAt, refetch } = query;
  if (data !== undefined) {
    return (
      <>
        {error && <StaleNote since={dataUpdatedAt} error={error} onRetry={() => void refetch()} />}
        {children(data)}
      </>
    );
  }
  if (error) return <ProblemCard error={error} onRetry={() => void refetch()} />;
  return <Late>{skeleton ?? <Lines />}</Late>;
}

function StaleNote(props: { since: number; error: Error; onRetry: () => void }) {
  const unreached = isProblem(props.error, 0);
  return (
    <div
      role="alert"
      className="mb-3 flex flex-wrap items-center gap-x-3 rounded-lg bg-warn-soft px-3 py-2 text-warn"
    >
      <strong className="font-semibold">
        {unreached ? t("common.problem.unreached.title") : props.error.message}
      </strong>
      <span>{t("common.asOf", { time: timeOfDay(props.since) })}</span>
      <button type="button" className="min-h-6 font-semibold underline" onClick={props.onRetry}>
        {t("common.retry")}
      </button>
    </div>
  );
}

/** Shows nothing for the first moment: most answers are there before. */
export function Late({ children }: { children: ReactNode }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 200);
    return () => clearTimeout(timer);
  }, []);
  return late ? (
    <div role="status" aria-label={t("common.loading")} className="animate-pulse">
      {children}
    </div>
  ) : null;
}

/** A skeleton of lines of text. */
export function Lines({ n = 6, className = "h-5" }: { n?: number; className?: string }) {
  return (
    <div className="grid gap-3">
      {Array.from({ length: n }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
        <div key={line} className={`rounded bg-line ${className}`} />
      ))}
    </div>
  );
}
