/** What is said of an app: its names, its program, its calls, and who looks like the same agent. */

import type { AppDays, AppOut } from "@/api/queries/apps";
import { t } from "@/i18n/t";

type Named = Pick<AppOut, "name" | "merged">;

export const namesOf = ({ name, merged }: Named): string[] => [name, ...merged];

/** The program and version that it said it is; null where it said neither. */
export function programOf({ kind, version }: Pick<AppOut, "kind" | "version">): string | null {
  return [kind, version].filter(Boolean).join(" ") || null;
}

export interface Sums {
  reads: number;
  writes: number;
  denied: number;
}

const sum = (counts: number[]) => counts.reduce((one, other) => one + other, 0);

export function sumsOf(days: AppDays | undefined): Sums {
  const { reads = [], writes = [], denied = [] } = days ?? {};
  return { reads: sum(reads), writes: sum(writes), denied: sum(denied) };
}

/** "12 reads, 1 write": what was denied is told where there was any. */
export function callsInWords({ reads, writes, denied }: Sums): string {
  const done = [t("apps.reads", { n: reads }), t("apps.writes", { n: writes })];
  if (reads + writes + denied === 0) return t("apps.quiet");
  return [...done, ...(denied > 0 ? [t("apps.denied", { n: denied })] : [])].join(", ");
}

/** Its words, without what only says in which form it runs. */
function stemOf(name: string): string {
  const forms = /^(code|cli|desktop|app|mcp|client|ide|nightly|insiders|beta|dev|\d+)$/;
  const words = name.toLowerCase().split(/[^\p{L}\p{N}]+/u);
  return words.filter((word) => word && !forms.test(word)).join(" ");
}

/** The others, and first those whose names say that they may be the same agent. */
export function candidates<T extends Named>(app: Named, all: T[]): { app: T; alike: boolean }[] {
  const stems = new Set(namesOf(app).map(stemOf));
  const found = all
    .filter(({ name }) => name !== app.name)
    .map((other) => {
      const alike = namesOf(other).some((name) => stemOf(name) !== "" && stems.has(stemOf(name)));
      return { app: other, alike };
    });
  return found.sort((one, other) => Number(other.alike) - Number(one.alike));
}

export type Span = "hour" | "today" | "week" | "moment";

/** When a span began; null where a moment is asked for and what was said is none. */
export function beginOf(span: Span, moment: string, now: Date): Date | null {
  if (span === "hour") return new Date(now.getTime() - 3_600_000);
  if (span === "today") return new Date(now.getFullYear(), now.getMonth(), now.getDate());
  if (span === "week") return new Date(now.getTime() - 7 * 86_400_000);
  const said = new Date(moment);
  return Number.isNaN(said.getTime()) ? null : said;
}
