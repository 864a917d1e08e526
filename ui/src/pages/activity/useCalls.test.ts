import { describe, expect, it } from "vitest";
import type { Call } from "@/api/queries/activity";
import { joined, mayShow } from "@/pages/activity/useCalls";

const page = (...ids: number[]) => ({ rows: ids.map((id) => ({ id }) as Call), next: null });
const params = (n: number) => Array.from({ length: n }, () => ({ interval: 0, cursor: null }));
const ids = (kept: ReturnType<typeof joined>) =>
  kept.pages.map(({ rows }) => rows.map((r) => r.id));

describe("the newest calls", () => {
  it("come before those that are there, of which none is lost", () => {
    const kept = { pages: [page(9, 8), page(7, 6)], pageParams: params(2) };
    expect(ids(joined(page(11, 10, 9), kept))).toEqual([
      [11, 10, 9, 8],
      [7, 6],
    ]);
    expect(ids(joined(page(9, 8), kept))).toEqual([
      [9, 8],
      [7, 6],
    ]);
  });

  it("stand alone where some between are not known", () => {
    const kept = { pages: [page(9, 8), page(7, 6)], pageParams: params(2) };
    expect(ids(joined(page(30, 29), kept))).toEqual([[30, 29]]);
    expect(ids(joined(page(1), undefined))).toEqual([[1]]);
    expect(ids(joined(page(1), { pages: [page()], pageParams: params(1) }))).toEqual([[1]]);
  });
});

describe("what happens", () => {
  it("is told of only where the filters may let it through", () => {
    expect(mayShow("call.read", { apps: ["cursor"] }, {})).toBe(true);
    expect(mayShow("call.read", { apps: ["cursor"] }, { app: "zed" })).toBe(false);
    expect(mayShow("call.read", {}, { kind: "write" })).toBe(false);
    expect(mayShow("call.denied", { apps: ["zed"] }, { app: "zed", kind: "read" })).toBe(true);
    expect(mayShow("memory.created", {}, {})).toBe(false);
    expect(mayShow("access.changed", {}, { app: "zed" })).toBe(true);
  });
});
