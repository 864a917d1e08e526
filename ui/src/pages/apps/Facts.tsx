import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronLeft, PauseCircle, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { type AppOut, daysQuery } from "@/api/queries/apps";
import { Time } from "@/components/Time";
import { count, t } from "@/i18n/t";
import { dayOf } from "@/i18n/time";
import { callsInWords, sumsOf } from "@/pages/apps/known";
import { Program } from "@/pages/apps/Parts";
import { Sparkline } from "@/pages/apps/Sparkline";

/** What is to be known of an app before anything is done with it. */
export function Facts({ app }: { app: AppOut }) {
  const { data } = useQuery(daysQuery);
  const days = data?.apps.find((each) => each.app === app.name);
  const total = app.total_memories;
  return (
    <>
      <p className="-mt-2 mb-3 flex flex-wrap items-center gap-x-3 text-xs text-soft">
        <BackLink />
        <span className="min-w-0 wrap-anywhere">
          <Program app={app} />
          {" · "}
          {t("apps.one.since", { day: dayOf(app.created_at) })}
        </span>
      </p>
      <Trouble app={app} />
      <dl className="mb-5 grid grid-cols-2 gap-px overflow-hidden rounded-card border border-line bg-line sm:grid-cols-3 lg:grid-cols-[repeat(4,1fr)_2.1fr]">
        <Fact name={t("apps.one.reads")} n={app.readable} total={total} />
        <Fact name={t("apps.one.changes")} n={app.writable} total={total} />
        <Fact name={t("apps.one.wrote")} n={app.total_memories_created} />
        <Box name={t("apps.one.seen")}>
          <Time at={app.last_seen_at} className="text-lg font-semibold" />
        </Box>
        <Box name={t("apps.one.calls")} className="max-lg:col-span-2">
          <span className="flex flex-wrap items-end gap-x-3 gap-y-1 text-xs text-soft tabular-nums">
            <Sparkline days={days} />
            {callsInWords(sumsOf(days))}
          </span>
        </Box>
      </dl>
    </>
  );
}

export function BackLink() {
  return (
    <Link
      to="/apps"
      className="-ms-1 inline-flex min-h-6 items-center gap-0.5 hover:text-ink max-md:min-h-11"
    >
      <ChevronLeft aria-hidden className="size-3.5" />
      {t("apps.one.back")}
    </Link>
  );
}

function Box(props: { name: string; className?: string; children: ReactNode }) {
  return (
    <div className={`grid content-start gap-0.5 bg-surface px-4 py-3 ${props.className ?? ""}`}>
      <dt className="text-xs text-soft">{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}

function Fact({ name, n, total }: { name: string; n: number; total?: number }) {
  return (
    <Box name={name}>
      <span className="text-lg font-semibold tabular-nums">{count(n)}</span>{" "}
      {total !== undefined && (
        <span className="text-xs text-soft tabular-nums">{t("apps.one.ofTotal", { total })}</span>
      )}
    </Box>
  );
}

/** Why it gets nothing at all, if so. */
function Trouble({ app }: { app: AppOut }) {
  if (!app.problem && !app.paused) return null;
  const Icon = app.problem ? TriangleAlert : PauseCircle;
  const look = app.problem ? "bg-bad-soft text-bad" : "bg-warn-soft text-warn";
  return (
    <p className={`mb-4 flex items-start gap-2 rounded-lg px-3 py-2 ${look}`}>
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
      <span className="wrap-anywhere">
        {app.problem
          ? t("apps.broken", { problem: app.problem })
          : t("apps.whilePaused", { app: app.label, total: app.total_memories })}
      </span>
    </p>
  );
}
