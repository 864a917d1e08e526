import clsx from "clsx";
import { ChevronRight } from "lucide-react";
import type { Call } from "@/api/queries/activity";
import { AppName } from "@/components/AppName";
import { Deed } from "@/components/Deed";
import { Time } from "@/components/Time";
import { t } from "@/i18n/t";
import { duration } from "@/i18n/time";
import { Opened } from "@/pages/activity/Opened";

interface Props {
  call: Call;
  /** Who looks: calls of others say whose they are. */
  me?: string;
  open: boolean;
  onToggle: () => void;
}

/** One call of the log; opened, which memories it found or changed. */
export function Row({ call, me, open, onToggle }: Props) {
  const what = call.query ?? call.operation;
  const bad = call.outcome === "denied" || call.outcome === "failed";
  return (
    <div className={clsx("border-b border-line", open && "bg-surface")}>
      <button
        type="button"
        aria-expanded={open}
        onClick={onToggle}
        className="grid min-h-11 w-full grid-cols-[1rem_1fr_auto] items-center gap-x-3 gap-y-0.5 px-2 py-1.5 text-start hover:bg-sunken lg:grid-cols-[1rem_5rem_8rem_8rem_minmax(0,1fr)_8rem_4rem_5rem] xl:grid-cols-[1rem_6rem_10rem_9rem_minmax(0,1fr)_9rem_5rem_7rem]"
      >
        <ChevronRight aria-hidden className={clsx("size-4 text-faint", open && "rotate-90")} />
        <Time
          at={call.at}
          className="text-xs text-soft max-lg:order-3 max-lg:col-start-3 max-lg:justify-self-end"
        />
        <span className="min-w-0 max-lg:order-5 max-lg:col-start-2">
          {call.app ? (
            <AppName app={call.app} />
          ) : (
            <span className="text-soft">{t("common.noApp")}</span>
          )}
          {me !== undefined && call.user_id !== me && (
            <bdi className="block truncate text-xs text-soft">
              {call.user_id ?? t("activity.nobody")}
            </bdi>
          )}
        </span>
        <Deed call={call} className="max-lg:order-2" />
        <span
          dir="auto"
          className={clsx(
            "min-w-0 truncate max-lg:order-4 max-lg:col-span-2 max-lg:col-start-2",
            !call.query && "font-mono text-xs text-soft",
          )}
        >
          {what}
        </span>
        <span className="text-xs text-soft tabular-nums max-lg:order-6 max-lg:col-start-3 max-lg:justify-self-end max-lg:row-start-3">
          {resultOf(call)}
        </span>
        <span className="text-end text-xs text-soft tabular-nums max-lg:hidden">
          {duration(call.duration_ms)}
        </span>
        <span
          className={clsx("text-xs max-lg:hidden", bad ? "font-semibold text-bad" : "text-soft")}
        >
          {t(`activity.outcome.${call.outcome}`)}
        </span>
      </button>
      {open && <Opened call={call} />}
    </div>
  );
}

function resultOf({ kind, count, hits }: Call): string {
  const n = count ?? hits.length;
  if (kind === "manage" || n === 0) return "";
  if (kind === "write") return t("activity.changed", { n });
  const score = hits[0]?.score;
  const found = t("activity.found", { n });
  return score == null ? found : `${found}, ${t("activity.top", { score: score.toFixed(2) })}`;
}
