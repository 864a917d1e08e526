import { describe, expect, it } from "vitest";
import { DEFAULTS, parseSlot } from "@/pages/activity/address";
import { filterOf, intervalsOf, startOf } from "@/pages/activity/filters";

/** A Wednesday. */
const NOW = new Date(2026, 2, 4, 15, 30);
const asked = (change: Partial<typeof DEFAULTS>) => ({ ...DEFAULTS, ...change });

describe("the times that are asked for", () => {
  it("begins ranges where the overview does", () => {
    expect(startOf("24h", NOW)).toEqual(new Date(2026, 2, 3, 16));
    expect(startOf("7d", NOW)).toEqual(new Date(2026, 1, 26));
    expect(startOf("all", NOW)).toBeNull();
  });

  it("includes the last day", () => {
    const [only] = intervalsOf(asked({ from: "2026-03-01", to: "2026-03-02" }), 90, NOW);
    expect(only?.since).toBe(new Date(2026, 2, 1).toISOString());
    expect(only?.until).toBe(new Date(2026, 2, 3).toISOString());
  });

  it("asks for one hour of each week, newest first, none of the future", () => {
    const hours = intervalsOf(asked({ slot: "0-14", range: "30d" }), 90, NOW);
    expect(hours.map(({ since }) => since)).toEqual(
      [2, -5, -12, -19].map((day) => new Date(2026, 2, day, 14).toISOString()),
    );
    const [today] = intervalsOf(asked({ slot: "2-23", range: "7d" }), 90, NOW);
    expect(today).toBeUndefined();
  });

  it("takes no other slots", () => {
    expect([parseSlot("6-23"), parseSlot("7-0"), parseSlot("1-24"), parseSlot("")]).toEqual([
      [6, 23],
      null,
      null,
      null,
    ]);
  });
});

describe("what is asked for", () => {
  it("is the viewer's own, and nothing that the log does not know", () => {
    expect(filterOf(asked({ kind: "nonsense", q: " port " }), "alex")).toEqual({
      user_id: "alex",
      looks: false,
      q: "port",
    });
    expect(
      filterOf(asked({ everyone: true, looks: true, outcome: "denied", memory: "m1" }), "alex"),
    ).toEqual({
      outcome: "denied",
      memory_id: "m1",
    });
  });
});
