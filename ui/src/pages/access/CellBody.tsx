import { Ban, CircleCheck, CircleSlash, Pencil, PencilOff } from "lucide-react";
import type { Schemas } from "@/api/client";
import { count, t } from "@/i18n/t";
import type { Effect } from "@/pages/access/rows";

export type Cell = Schemas["CellOut"];

interface Props {
  cell: Cell;
  paused: boolean;
  /** What rules about just this group say, as drafted. */
  effect: Effect;
  /** Whether the draft has changed it. */
  drafted: boolean;
}

/** How much of a group an app may read and change: a fill with its numbers, and the same in words. */
export function CellBody({ words, ...shown }: Props & { words: string }) {
  return (
    <>
      <span aria-hidden className="block">
        {shown.cell.blocked ? <Blocked /> : <Fill {...shown} />}
      </span>
      <span className="sr-only">
        {words} {shown.paused && t("common.state.paused")}
      </span>
    </>
  );
}

function Blocked() {
  return (
    <span className="flex min-h-10 items-center gap-1 px-2 font-semibold text-bad">
      <Ban className="size-3.5 shrink-0" />
      {t("access.blocked")}
    </span>
  );
}

function Fill({ cell, effect, drafted }: Props) {
  const share = cell.total === 0 ? 0 : (100 * cell.readable) / cell.total;
  return (
    <span className="relative flex min-h-10 min-w-24 items-center gap-1.5 overflow-hidden rounded-md bg-sunken px-2">
      <span
        className="absolute inset-y-0 start-0 bg-accent/25"
        style={{ inlineSize: `${share}%` }}
      />
      <span className="relative whitespace-nowrap text-ink">
        {t("access.share", { readable: count(cell.readable), total: count(cell.total) })}
      </span>
      <WriteMark cell={cell} />
      {(effect !== "inherit" || drafted) && <RuleMark effect={effect} drafted={drafted} />}
    </span>
  );
}

function WriteMark({ cell }: { cell: Cell }) {
  if (cell.readable === 0) return null;
  const none = cell.writable === 0;
  const Icon = none ? PencilOff : Pencil;
  return (
    <span className="relative inline-flex items-center gap-0.5 text-2xs text-soft">
      <Icon aria-hidden className="size-3 shrink-0" />
      {!none && cell.writable < cell.readable && count(cell.writable)}
    </span>
  );
}

function RuleMark({ effect, drafted }: { effect: Effect; drafted: boolean }) {
  const looks = {
    deny: { Icon: CircleSlash, tone: "text-bad" },
    allow: { Icon: CircleCheck, tone: "text-good" },
    inherit: { Icon: undefined, tone: "text-soft" },
  } as const;
  const { Icon, tone } = looks[effect];
  return (
    <span
      className={`relative ms-auto inline-flex items-center gap-1 text-2xs font-semibold ${tone} ${drafted ? "rounded border border-dashed border-current bg-surface px-1" : ""}`}
    >
      {Icon && <Icon aria-hidden className="size-3.5 shrink-0" />}
      {drafted && t(`access.effect.${effect}`)}
    </span>
  );
}

/** A cell in words, for who does not see it. */
export function cellInWords(app: string, group: string, { cell, effect, drafted }: Props): string {
  if (cell.blocked) return t("access.cell.blocked", { app, group });
  const { readable, writable, total } = cell;
  const words = [t("access.cell.counts", { app, group, readable, writable, total })];
  if (effect !== "inherit") words.push(t(`access.cell.${effect}`));
  if (drafted) words.push(t("access.cell.drafted"));
  return words.join(" ");
}
