/** The arithmetic of calls by day of the week and hour. Days are counted from Monday. */

import type { Schemas } from "@/api/client";
import type { Table } from "@/charts/csv";
import { sum } from "@/charts/growth";
import { count, t } from "@/i18n/t";

export type Heat = Schemas["DashboardHeat"];
export type HeatKind = keyof Heat;
export const HEAT_KINDS: readonly HeatKind[] = ["reads", "writes", "denied"];
export const DAYS = 7;
export const HOURS = 24;
const LEVELS = 4;

/** 1 January 2024 was a Monday. */
const dayAt = (index: number) => new Date(2024, 0, 1 + index);
const long = new Intl.DateTimeFormat("en", { weekday: "long" });
const short = new Intl.DateTimeFormat("en", { weekday: "short" });
export const dayName = (index: number): string => long.format(dayAt(index));
export const shortDay = (index: number): string => short.format(dayAt(index));

const twoDigits = (hour: number): string => String(hour).padStart(2, "0");
export const hourName = (hour: number): string =>
  `${twoDigits(hour)}–${twoDigits((hour + 1) % HOURS)}`;

export const most = (grid: readonly number[][]): number => Math.max(0, ...grid.flat());

/** How dark a cell is, from 0 to 4. The root, so that one busy hour does not hide all others. */
export function level(n: number, highest: number): number {
  if (n <= 0 || highest <= 0) return 0;
  return Math.max(1, Math.min(LEVELS, Math.ceil(Math.sqrt(n / highest) * LEVELS)));
}

export function cellText(kind: HeatKind, day: number, hour: number, n: number): string {
  const calls = t(`charts.heat.n.${kind}`, { n });
  return t("charts.heat.cell", { day: dayName(day), hour: hourName(hour), calls });
}

/** What the map shows, in a sentence. */
export function heatSummary(heat: Heat, kind: HeatKind): string {
  const grid = heat[kind];
  const all = sum(grid.flat());
  const calls = t(`charts.heat.n.${kind}`, { n: all });
  if (all === 0) return t("charts.heat.nothing", { calls });
  const highest = most(grid);
  const day = grid.findIndex((hours) => hours.includes(highest));
  const hour = grid[day]?.indexOf(highest) ?? 0;
  return t("charts.heat.summary", {
    calls,
    day: dayName(day),
    hour: hourName(hour),
    atPeak: count(highest),
  });
}

export function heatTable(heat: Heat, kind: HeatKind): Table {
  return {
    head: [t("charts.heat.day"), ...Array.from({ length: HOURS }, (_, hour) => twoDigits(hour))],
    rows: heat[kind].map((hours, day) => [dayName(day), ...hours]),
  };
}
