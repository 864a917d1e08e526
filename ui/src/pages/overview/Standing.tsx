import { Link } from "@tanstack/react-router";
import { Ban, Eye, type LucideIcon, Pencil } from "lucide-react";
import type { Overview, Range } from "@/api/queries/overview";
import { HEAT_KINDS, type HeatKind } from "@/charts/heat";
import type { MemoryState } from "@/components/StateChip";
import { count, t } from "@/i18n/t";
import { searchFor } from "@/pages/activity/address";

const ICONS: Record<HeatKind, LucideIcon> = { reads: Eye, writes: Pencil, denied: Ban };
const STATES: readonly MemoryState[] = ["active", "paused", "archived", "trashed"];

/** The page's answer in one look: what is known, and what was done with it. */
export function Standing({ overview, range }: { overview: Overview; range: Range }) {
  const { states, calls, before } = overview;
  const kept = (states.active ?? 0) + (states.paused ?? 0) + (states.archived ?? 0);
  return (
    <section
      aria-label={t("overview.know")}
      className="grid rounded-card border border-line bg-surface lg:grid-cols-[minmax(17rem,5fr)_7fr]"
    >
      <div className="p-5">
        <h2 className="text-soft">{t("overview.know")}</h2>
        <p className="mt-1 flex items-baseline gap-2">
          <span className="text-5xl font-semibold tracking-tight tabular-nums">{count(kept)}</span>
          <span className="text-lg text-soft">{t("overview.memories", { n: kept })}</span>
        </p>
        <ul aria-label={t("overview.states")} className="-ms-1.5 mt-3 flex flex-wrap gap-x-1">
          {STATES.map((state) => (
            <li key={state}>
              <Link
                to="/memories"
                search={{ state: [state] } as never}
                className="flex min-h-6 items-center gap-1 rounded-md px-1.5 text-xs text-soft hover:bg-sunken hover:text-ink max-md:min-h-11"
              >
                <span className="font-semibold text-ink tabular-nums">
                  {count(states[state] ?? 0)}
                </span>
                {t(`common.state.${state}`)}
              </Link>
            </li>
          ))}
        </ul>
      </div>
      {calls ? (
        <ul className="grid grid-cols-3 divide-x divide-line border-line max-lg:border-t lg:border-s">
          {HEAT_KINDS.map((kind) => (
            <li key={kind} className="min-w-0">
              <Figure kind={kind} n={calls[kind]} before={before?.[kind]} range={range} />
            </li>
          ))}
        </ul>
      ) : (
        <p className="self-center p-5 text-soft">{t("overview.logHidden")}</p>
      )}
    </section>
  );
}

interface FigureProps {
  kind: HeatKind;
  n: number;
  before: number | undefined;
  range: Range;
}

function Figure({ kind, n, before, range }: FigureProps) {
  const Icon = ICONS[kind];
  const alarming = kind === "denied" && n > 0;
  return (
    <Link
      to="/activity"
      search={searchFor(kind, range) as never}
      className="block h-full p-3 hover:bg-sunken sm:p-5"
    >
      <span className={`flex items-center gap-1.5 ${alarming ? "text-bad" : "text-soft"}`}>
        <Icon aria-hidden className="size-4 shrink-0" />
        {t(`overview.calls.${kind}`)}
      </span>
      <span
        className={`mt-1 block text-2xl font-semibold tracking-tight tabular-nums sm:text-3xl ${alarming ? "text-bad" : ""}`}
      >
        {count(n)}
      </span>
      <span className="mt-1 block text-xs text-soft">{against(n, before)}</span>
    </Link>
  );
}

function against(n: number, before: number | undefined): string {
  if (before === undefined) return t("overview.everSince");
  if (n === before) return t("overview.same");
  return t(n > before ? "overview.more" : "overview.fewer", { n: Math.abs(n - before) });
}
