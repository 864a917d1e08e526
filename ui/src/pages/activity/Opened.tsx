import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Call } from "@/api/queries/activity";
import { MemoryText } from "@/components/MemoryText";
import { t } from "@/i18n/t";
import { absolute, duration } from "@/i18n/time";
import { Refused } from "@/pages/activity/Refused";

const AT_FIRST = 10;

/** All that the log has of a call: when and how, and which memories it found or changed. */
export function Opened({ call }: { call: Call }) {
  const [all, setAll] = useState(false);
  const hits = all ? call.hits : call.hits.slice(0, AT_FIRST);
  const facts = [
    absolute(call.at),
    call.operation,
    call.surface,
    call.user_id,
    call.key_id && t("activity.withKey", { id: call.key_id }),
    call.status && String(call.status),
    duration(call.duration_ms),
    call.request_id,
  ];
  return (
    <div className="grid gap-2 ps-9 pe-2 pb-3">
      {call.query && (
        <p dir="auto" className="[overflow-wrap:anywhere]">
          {call.query}
        </p>
      )}
      <p className="font-mono text-xs text-soft [overflow-wrap:anywhere]">
        {facts.filter(Boolean).join(" · ")}
      </p>
      {call.outcome === "denied" && <Refused call={call} />}
      <ol className="grid gap-1">
        {hits.map(({ memory_id, rank, score }) => (
          <li key={memory_id} className="grid grid-cols-[2rem_3rem_1fr] items-baseline gap-x-2">
            <span className="text-faint tabular-nums">{rank}.</span>
            <span className="text-soft tabular-nums">{score?.toFixed(2)}</span>
            <Link
              to="/memories/$id"
              params={{ id: memory_id }}
              className="line-clamp-2 min-h-6 hover:underline max-md:min-h-11"
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
