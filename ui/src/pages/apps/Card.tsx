import { Link } from "@tanstack/react-router";
import type { AppDays, AppOut } from "@/api/queries/apps";
import { AppName } from "@/components/AppName";
import { Time } from "@/components/Time";
import { t } from "@/i18n/t";
import { callsInWords, sumsOf } from "@/pages/apps/known";
import { Actions, Standing } from "@/pages/apps/Parts";
import { Sparkline } from "@/pages/apps/Sparkline";
import type { Settling } from "@/pages/apps/useSettling";

interface Props {
  app: AppOut;
  days: AppDays | undefined;
  settling: Settling;
}

/** An app where there is no room for columns. */
export function Card({ app, days, settling }: Props) {
  const { readable, total_memories: total, total_memories_created: n, keys } = app;
  return (
    <li data-row={app.name} className="grid gap-1 py-2 ps-3 pe-1">
      <div className="flex min-w-0 items-center gap-2">
        <Link
          to="/apps/$app"
          params={{ app: app.name }}
          data-app={app.name}
          className="flex min-h-11 min-w-0 items-center font-semibold hover:underline"
        >
          <AppName app={app.name} label={app.label} />
        </Link>
        <Standing app={app} />
        <span className="ms-auto">
          <Actions small app={app} settling={settling} />
        </span>
      </div>
      <p className="flex flex-wrap gap-x-3 ps-6.5 pe-2 text-xs text-soft tabular-nums">
        <span className="text-ink">{t("apps.ofRead", { readable, total })}</span>
        <span>{t("apps.wrote", { n })}</span>
        {keys > 0 && <span>{t("apps.keyCount", { n: keys })}</span>}
        <Time at={app.last_seen_at} />
      </p>
      <div className="flex flex-wrap items-end gap-x-3 ps-6.5 pe-2 text-xs text-soft tabular-nums">
        <Sparkline days={days} />
        {callsInWords(sumsOf(days))}
      </div>
    </li>
  );
}
