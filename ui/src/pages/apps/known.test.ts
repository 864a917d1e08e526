import { expect, test } from "vitest";
import { beginOf, callsInWords, candidates, programOf, sumsOf } from "@/pages/apps/known";

const named = (name: string, ...merged: string[]) => ({ name, merged });

test("agents that look alike come first", () => {
  const all = ["codex", "claude", "claude-code", "Claude Desktop", "cursor"].map((name) =>
    named(name),
  );
  const found = candidates(named("claude-code"), all);
  expect(found.map(({ app, alike }) => `${app.name} ${alike}`)).toEqual([
    "claude true",
    "Claude Desktop true",
    "codex false",
    "cursor false",
  ]);
});

test("a name of nothing but forms is like none", () => {
  const [only] = candidates(named("mcp"), [named("client")]);
  expect(only?.alike).toBe(false);
});

test("merged names count too", () => {
  const [only] = candidates(named("work", "cursor-nightly"), [named("cursor")]);
  expect(only?.alike).toBe(true);
});

test("a program says its version if it has one", () => {
  expect(programOf({ kind: "cursor", version: "0.50" })).toBe("cursor 0.50");
  expect(programOf({ kind: "cursor", version: null })).toBe("cursor");
  expect(programOf({ kind: null, version: null })).toBeNull();
});

test("calls are summed, and none are none", () => {
  expect(sumsOf({ app: "a", reads: [1, 2], writes: [0, 4], denied: [1, 0] })).toEqual({
    reads: 3,
    writes: 4,
    denied: 1,
  });
  expect(sumsOf(undefined)).toEqual({ reads: 0, writes: 0, denied: 0 });
});

test("a span begins where it says", () => {
  const now = new Date(2026, 2, 9, 14, 30);
  expect(beginOf("hour", "", now)).toEqual(new Date(2026, 2, 9, 13, 30));
  expect(beginOf("today", "", now)).toEqual(new Date(2026, 2, 9));
  expect(beginOf("week", "", now)).toEqual(new Date(2026, 2, 2, 14, 30));
  expect(beginOf("moment", "2026-03-01T09:00", now)).toEqual(new Date(2026, 2, 1, 9));
  expect(beginOf("moment", "", now)).toBeNull();
});

test("calls are told in words, and denied ones where there are any", () => {
  expect(callsInWords({ reads: 0, writes: 0, denied: 0 })).toBe("No calls");
  expect(callsInWords({ reads: 1, writes: 2, denied: 0 })).toBe("1 read, 2 writes");
  expect(callsInWords({ reads: 0, writes: 1, denied: 3 })).toBe("0 reads, 1 write, 3 denied");
});
