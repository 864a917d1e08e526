/** C6: what put a result in its place. One bar of what each kind of evidence adds, drawn to one scale
 * for all results; its numbers on hover, on focus and on touch, and for screen readers always. */

import clsx from "clsx";
import { type KeyboardEvent, useState } from "react";
import type { Signal } from "@/api/queries/search";
import { t } from "@/i18n/t";

const FILLS = {
  meaning: "bg-meaning",
  words: "bg-words",
  context: "bg-context",
  form: "bg-form",
  rerank: "bg-reranker",
};
type Kind = keyof typeof FILLS;
const KINDS: Record<Signal["signal"], Kind> = {
  semantic: "meaning",
  bm25: "words",
  stand_in: "words",
  before: "context",
  after: "context",
  run: "context",
  actor: "context",
  length: "form",
  question: "form",
  time: "form",
  rerank: "rerank",
};

interface Props {
  rank: number;
  sum: number;
  signals: Signal[];
  /** The sum that fills the bar. */
  most: number;
}

export function ScoreBar({ rank, sum, signals, most }: Props) {
  const [open, setOpen] = useState(false);
  const adding = byKind(signals);
  const leave = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    setOpen(false);
  };
  return (
    <div
      className="relative"
      onPointerEnter={(event) => event.pointerType === "mouse" && setOpen(true)}
      onPointerLeave={(event) => event.pointerType === "mouse" && setOpen(false)}
    >
      <button
        type="button"
        onKeyDown={leave}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onClick={() => setOpen(true)}
        className="grid min-h-9 w-full content-center gap-1 rounded-md max-md:min-h-11"
      >
        <span className="sr-only">{t("search.bar.label", { rank })}</span>
        <span aria-hidden className="flex h-2.5 gap-px overflow-hidden rounded-full bg-sunken">
          {adding.map(([kind, contribution]) => (
            <span
              key={kind}
              className={FILLS[kind]}
              style={{ width: `${(100 * contribution) / most}%` }}
            />
          ))}
        </span>
        <span className="flex flex-wrap gap-x-2 text-2xs text-soft tabular-nums">
          {adding.map(([kind, contribution]) => (
            <span key={kind} className="inline-flex items-center gap-1">
              <span className={clsx("size-2 rounded-xs", FILLS[kind])} />
              {t(`search.kind.${kind}`)} {short(contribution)}
            </span>
          ))}
          {adding.length > 1 && <span className="font-semibold text-ink">= {short(sum)}</span>}
        </span>
      </button>
      <div
        className={
          open
            ? "absolute end-0 top-full z-20 w-max max-w-[calc(100vw-3rem)] rounded-lg border border-line bg-raised p-3 shadow-pop"
            : "sr-only"
        }
      >
        <Numbers rank={rank} sum={sum} signals={signals} />
      </div>
    </div>
  );
}

function Numbers({ rank, sum, signals }: Omit<Props, "most">) {
  return (
    <table className="text-xs">
      <caption className="mb-1.5 text-start font-semibold">
        {t("search.bar.caption", { rank })}
      </caption>
      <thead className="text-faint">
        <tr className="[&>th]:pb-1 [&>th]:font-normal [&>th:not(:first-child)]:ps-4 [&>th:not(:first-child)]:text-end">
          <th scope="col" className="text-start">
            {t("search.bar.signal")}
          </th>
          <th scope="col">{t("search.bar.raw")}</th>
          <th scope="col">{t("search.bar.place")}</th>
          <th scope="col">{t("search.bar.weight")}</th>
          <th scope="col">{t("search.bar.contribution")}</th>
        </tr>
      </thead>
      <tbody className="[&_td]:ps-4 [&_td]:text-end">
        {signals.map((each) => (
          <tr key={each.signal}>
            <th scope="row" className="text-start font-normal">
              {t(`search.signal.${each.signal}`)}
            </th>
            <td>{each.raw === null ? t("search.bar.off") : exact(each.raw)}</td>
            <td>{each.rank ?? "–"}</td>
            <td>{exact(each.weight)}</td>
            <td className="font-semibold">{exact(each.contribution)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr className="[&>*]:border-t [&>*]:border-line [&>*]:pt-1">
          <th scope="row" colSpan={4} className="text-start font-normal">
            {t("search.bar.sum")}
          </th>
          <td className="ps-4 text-end font-semibold">{exact(sum)}</td>
        </tr>
      </tfoot>
    </table>
  );
}

/** What adds something, four kinds at most: ten slivers of a bar tell nobody anything. */
function byKind(signals: Signal[]): [Kind, number][] {
  const sums = new Map<Kind, number>();
  for (const { signal, contribution } of signals) {
    const kind = KINDS[signal];
    sums.set(kind, (sums.get(kind) ?? 0) + contribution);
  }
  return [...sums].filter(([, sum]) => sum > 0);
}

const exact = (n: number): string => String(Number(n.toFixed(6)));
const short = (n: number): string => n.toFixed(3);
