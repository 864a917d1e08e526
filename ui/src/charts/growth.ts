/** The arithmetic of memories over time: what is stacked, summed, said and listed. */

import type { Schemas } from "@/api/client";
import type { Table } from "@/charts/csv";
import { count, listed, t } from "@/i18n/t";

export type Growth = Schemas["DashboardGrowth"];
export type Series = Growth["series"][number];
export type Measure = "new" | "total";

/** What of a series stands at a bucket, from `low` to `high` of the stack. */
export interface Layer {
  low: number;
  high: number;
}

const DAY_MS = 86_400_000;

export const sum = (values: readonly number[]): number => values.reduce((all, n) => all + n, 0);

/** A series' value at each bucket: made in it, or there at its end. */
export function valuesOf({ before, counts }: Series, measure: Measure): number[] {
  if (measure === "new") return counts;
  let all = before;
  return counts.map((n) => {
    all += n;
    return all;
  });
}

/** Layers of each series, the first at the bottom. Totals have one more: what was there before. */
export function layersOf(series: readonly Series[], measure: Measure): Layer[][] {
  const tops: number[] = [];
  return series.map((each) => {
    const values = valuesOf(each, measure);
    const drawn = measure === "total" ? [each.before, ...values] : values;
    return drawn.map((value, place) => {
      const low = tops[place] ?? 0;
      tops[place] = low + value;
      return { low, high: low + value };
    });
  });
}

export const heightOf = (layers: Layer[][]): number =>
  Math.max(0, ...(layers.at(-1) ?? []).map(({ high }) => high));

/** The numbers of a bucket in words: all of it, and each app's part. */
export function bucketText(growth: Growth, measure: Measure, bucket: number): string {
  const values = growth.series.map((each) => valuesOf(each, measure)[bucket] ?? 0);
  const when = bucketName(growth.buckets, bucket);
  const parts = growth.series.flatMap(({ label }, place) => {
    const n = values[place] ?? 0;
    return n > 0 ? [t("charts.growth.part", { app: label, n })] : [];
  });
  const all = t(measure === "new" ? "charts.growth.newAt" : "charts.growth.totalAt", {
    when,
    n: sum(values),
  });
  return parts.length > 0 ? `${all} (${listed(parts)})` : all;
}

/** Where a bucket ends: with the next one, and the last one now. */
export function endOf(buckets: readonly string[], bucket: number, now = new Date()): Date {
  const next = buckets[bucket + 1];
  return next === undefined ? now : new Date(next);
}

/** A bucket as people call it: an hour, a day, or some days. */
export function bucketName(buckets: readonly string[], bucket: number): string {
  const from = new Date(buckets[bucket] ?? 0);
  const length = lengthOf(buckets);
  if (length < DAY_MS / 2) return hour.format(from);
  if (length < DAY_MS * 1.5) return day.format(from);
  // A range is told with its last day, not with the one on which the next begins.
  return span.formatRange(from, new Date(from.getTime() + length - DAY_MS / 2));
}

function lengthOf(buckets: readonly string[]): number {
  const [first, second] = buckets;
  if (first === undefined || second === undefined) return DAY_MS;
  return Date.parse(second) - Date.parse(first);
}

const LANGUAGE = "en-GB";
const hour = new Intl.DateTimeFormat(LANGUAGE, {
  weekday: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const day = new Intl.DateTimeFormat(LANGUAGE, { weekday: "short", day: "numeric", month: "short" });
const span = new Intl.DateTimeFormat(LANGUAGE, { day: "numeric", month: "short" });

/** What the chart shows, in a sentence or two. */
export function growthSummary({ buckets, series }: Growth): string {
  const perBucket = buckets.map((_, bucket) => sum(series.map((each) => each.counts[bucket] ?? 0)));
  const made = sum(perBucket);
  const all = made + sum(series.map(({ before }) => before));
  if (all === 0) return t("charts.growth.none");
  if (made === 0) return t("charts.growth.nothing", { all: t("common.memories", { n: all }) });
  const most = series.reduce((best, each) => (sum(each.counts) > sum(best.counts) ? each : best));
  const peak = perBucket.indexOf(Math.max(...perBucket));
  return t("charts.growth.summary", {
    all: t("common.memories", { n: all }),
    made: count(made),
    app: most.label,
    n: sum(most.counts),
    peak: bucketName(buckets, peak),
    atPeak: count(perBucket[peak] ?? 0),
  });
}

export function growthTable({ buckets, series }: Growth, measure: Measure): Table {
  const values = series.map((each) => valuesOf(each, measure));
  return {
    head: [t("charts.growth.from"), ...series.map(({ label }) => label), t("charts.growth.all")],
    rows: buckets.map((from, bucket) => {
      const row = values.map((each) => each[bucket] ?? 0);
      return [from, ...row, sum(row)];
    }),
    names: buckets.map((_, bucket) => bucketName(buckets, bucket)),
  };
}
