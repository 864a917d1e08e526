import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import { ChevronRight } from "lucide-react";
import { useState } from "react";
import type { Call } from "@/api/queries/activity";
import { AppName } from "@/components/AppName";
import { Deed } from "@/components/Deed";
import { MemoryText } from "@/components/MemoryText";
import { Time } from "@/components/Time";
import { t } from "@/i18n/t";
import { duration } from "@/i18n/time";

const AT_FIRST = 10;

interface Props {
  call: Call;
  open: boolean;
  onToggle: () => void;
}

/** One call of the log; opened, which memories it found or changed. */
export function Row({ call, open, onToggle }: Props) {
  const what = call.query ?? call.operation;
  const bad = call.outcome === "denied" || call.outcome === "failed";
  return (
    <div className={clsx("border-b border-line", open && "bg-surface")}>
      <button
        type="button"
        aria-expanded={open}
        onClick={onToggle}
        className="grid min-h-11 w-full grid-cols-[1rem_1fr_auto] items-center gap-x-3 gap-y-0.5 px-2 py-1.5 text-start hover:bg-sunken lg:grid-cols-[1rem_6rem_10rem_9rem_1fr_9rem_5rem_7rem]"
      >
        <ChevronRight aria-hidden className={clsx("size-4 text-faint", open && "rotate-90")} />
        <Time at={call.at} className="text-xs text-soft max-lg:order-3 max-lg:col-start-3" />
        <span className="min-w-0 max-lg:order-5 max-lg:col-start-2">
          {call.app ? (
            <AppName app={call.app} />
          ) : (
            <span className="text-soft">{t("common.noApp")}</span>
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
        <span className="text-xs text-soft tabular-nums max-lg:order-6 max-lg:col-start-3 max-lg:row-start-3">
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

function Opened({ call }: { call: Call }) {
  const [all, setAll] = useState(false);
  const hits = all ? call.hits : call.hits.slice(0, AT_FIRST);
  const facts = [call.operation, call.surface, call.user_id, call.status, call.request_id];
  const rule = { app: call.app ?? "", as: call.app ?? "", memory: call.hits[0]?.memory_id ?? "" };
  return (
    <div className="grid gap-2 ps-9 pe-2 pb-3">
      {call.query && (
        <p dir="auto" className="[overflow-wrap:anywhere]">
          {call.query}
        </p>
      )}
      <p className="font-mono text-xs text-soft [overflow-wrap:anywhere]">
        {[...facts.filter(Boolean), duration(call.duration_ms)].join(" · ")}
      </p>
      {call.outcome === "denied" && call.app && (
        <Link
          to="/access"
          search={rule as never}
          className="justify-self-start font-semibold text-accent underline max-md:min-h-11"
        >
          {t("activity.makeRule", { app: call.app })}
        </Link>
      )}
      <ol className="grid gap-1">
        {hits.map(({ memory_id, rank, score }) => (
          <li key={memory_id} className="grid grid-cols-[2rem_3rem_1fr] gap-x-2">
            <span className="text-faint tabular-nums">{rank}.</span>
            <span className="text-soft tabular-nums">{score?.toFixed(2)}</span>
            <Link
              to="/memories/$id"
              params={{ id: memory_id }}
              className="line-clamp-2 hover:underline max-md:min-h-11"
            >
              <MemoryText id={memory_id} />
            </Link>
          </li>
        ))}
      </ol>
      {hits.length < call.hits.length && (
        <button
          type="button"
          onClick={() => setAll(true)}
          className="min-h-6 justify-self-start text-accent underline max-md:min-h-11"
        >
          {t("activity.allHits", { n: call.hits.length })}
        </button>
      )}
    </div>
  );
}
