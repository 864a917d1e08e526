import { describe, expect, it } from "vitest";
import { toCsv } from "@/charts/csv";
import {
  bucketName,
  bucketText,
  endOf,
  type Growth,
  growthSummary,
  growthTable,
  heightOf,
  layersOf,
  sum,
  valuesOf,
} from "@/charts/growth";
import { type Heat, heatSummary, heatTable, level } from "@/charts/heat";

const DAY = 86_400_000;
const days = (n: number) =>
  Array.from({ length: n }, (_, i) => new Date(Date.UTC(2026, 2, 2, 12) + i * DAY).toISOString());

const GROWTH: Growth = {
  buckets: days(3),
  series: [
    { kind: "app", app: "cursor", label: "Cursor", before: 5, counts: [1, 0, 2] },
    { kind: "none", app: null, label: "No app", before: 1, counts: [0, 0, 4] },
  ],
};

describe("memories over time", () => {
  it("counts what is new, or all that is there at the end of a bucket", () => {
    expect(GROWTH.series.map((each) => valuesOf(each, "new"))).toEqual([
      [1, 0, 2],
      [0, 0, 4],
    ]);
    expect(GROWTH.series.map((each) => valuesOf(each, "total"))).toEqual([
      [6, 6, 8],
      [1, 1, 5],
    ]);
  });

  it("stacks each app on those below it", () => {
    const [lower, upper] = layersOf(GROWTH.series, "new");
    expect(lower).toEqual([
      { low: 0, high: 1 },
      { low: 0, high: 0 },
      { low: 0, high: 2 },
    ]);
    expect(upper).toEqual([
      { low: 1, high: 1 },
      { low: 0, high: 0 },
      { low: 2, high: 6 },
    ]);
    expect(heightOf(layersOf(GROWTH.series, "new"))).toBe(6);
  });

  it("begins totals with what was there before", () => {
    const [lower, upper] = layersOf(GROWTH.series, "total");
    expect(lower?.map(({ high }) => high)).toEqual([5, 6, 6, 8]);
    expect(upper?.map(({ high }) => high)).toEqual([6, 7, 7, 13]);
  });

  it("has a height without anything in it", () => expect(heightOf(layersOf([], "new"))).toBe(0));

  it("says how many are new, by whom most, and when", () => {
    expect(growthSummary(GROWTH)).toBe(
      "7 of 13 memories are from this time, most by No app (4). The fullest: Wed 4 Mar with 6.",
    );
    const quiet = { ...GROWTH, series: [{ ...GROWTH.series[0], counts: [0, 0, 0] }] } as Growth;
    expect(growthSummary(quiet)).toContain("there are 5 memories from before");
    expect(growthSummary({ buckets: days(2), series: [] })).toBe("Nothing was ever added.");
  });

  it("tells a bucket and each app's part in it, without those that have none", () => {
    expect(bucketText(GROWTH, "new", 0)).toBe("Mon 2 Mar: 1 new (Cursor 1)");
    expect(bucketText(GROWTH, "total", 2)).toBe("Wed 4 Mar: 13 in all (Cursor 8 and No app 5)");
    expect(bucketText(GROWTH, "new", 1)).toBe("Tue 3 Mar: 0 new");
  });

  it("names weeks by their first and last day", () =>
    expect(
      bucketName(
        [2, 9].map((day) => new Date(2026, 2, day).toISOString()),
        0,
      ),
    ).toMatch(/^2\s?–\s?8 Mar$/));

  it("ends the last bucket now", () => {
    const now = new Date("2026-03-04T15:00:00Z");
    expect(endOf(GROWTH.buckets, 0, now).toISOString()).toBe(GROWTH.buckets[1]);
    expect(endOf(GROWTH.buckets, 2, now)).toBe(now);
  });

  it("has the same numbers as a table", () => {
    const { head, rows } = growthTable(GROWTH, "new");
    expect(head).toEqual(["From", "Cursor", "No app", "All apps"]);
    expect(rows.map((row) => row.slice(1))).toEqual([
      [1, 0, 1],
      [0, 0, 0],
      [2, 4, 6],
    ]);
  });
});

const empty = () => Array.from({ length: 7 }, () => Array.from({ length: 24 }, () => 0));
const calls = (day: number, hour: number, n: number) => {
  const grid = empty();
  (grid[day] as number[])[hour] = n;
  return grid;
};
const HEAT: Heat = { reads: calls(6, 23, 9), writes: calls(0, 0, 1), denied: empty() };

describe("calls by hour", () => {
  it("has four levels, and none for nothing", () => {
    expect([0, 1, 7, 30, 100].map((n) => level(n, 100))).toEqual([0, 1, 2, 3, 4]);
    expect(level(1, 1_000_000)).toBe(1);
    expect(level(0, 0)).toBe(0);
  });

  it("counts the week from Monday", () => {
    expect(heatSummary(HEAT, "reads")).toBe("9 reads, most on Sunday, 23–00 (9).");
    expect(heatSummary(HEAT, "writes")).toBe("1 write, most on Monday, 00–01 (1).");
    expect(heatSummary(HEAT, "denied")).toBe("0 denied calls in this time.");
  });

  it("has the same numbers as a table", () => {
    const { head, rows } = heatTable(HEAT, "reads");
    expect(head).toHaveLength(25);
    expect(rows[6]?.[0]).toBe("Sunday");
    expect(sum(rows.flatMap((row) => row.slice(1) as number[]))).toBe(9);
  });
});

describe("tables as CSV", () => {
  it("keeps numbers, quotes what needs it, and lets no cell be a formula", () => {
    const rows = [
      ["=1+1", -2],
      ['say "hi", you', 3],
      ["-a", 0],
      ["line\nbreak", 1],
    ];
    expect(toCsv({ head: ["name", "n"], rows })).toBe(
      'name,n\r\n\'=1+1,-2\r\n"say ""hi"", you",3\r\n\'-a,0\r\n"line\nbreak",1\r\n',
    );
  });
});
