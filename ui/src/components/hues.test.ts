import { expect, test } from "vitest";
import { huesOf } from "@/components/hues";

const app = (name: string, day: number, merged: string[] = []) => ({
  name,
  merged,
  created_at: `2026-03-0${day}T12:00:00Z`,
});
const EIGHT = ["h", "cursor", "f", "windsurf", "d", "c", "b", "a"].map((name, at) =>
  app(name, at + 1),
);

test("the first eight apps share no hue, in whatever order they are listed", () => {
  const hues = huesOf(EIGHT);
  const backwards = huesOf([...EIGHT].reverse());
  expect(new Set(EIGHT.map(({ name }) => hues(name))).size).toBe(8);
  for (const { name } of EIGHT) expect(backwards(name)).toBe(hues(name));
});

test("an app keeps its hue when others come, and under all its names", () => {
  const before = huesOf(EIGHT.slice(0, 3));
  const after = huesOf([app("0-new", 9), ...EIGHT.slice(1, 3), app("h", 1, ["h-code"])]);
  for (const { name } of EIGHT.slice(0, 3)) expect(after(name)).toBe(before(name));
  expect(after("h-code")).toBe(after("h"));
});

test("an app that is not listed has a hue by its name, and no app has none's", () => {
  expect(huesOf([])("cursor")).toBe(huesOf([])("cursor"));
  expect(huesOf(EIGHT)("stranger")).not.toBe(huesOf(EIGHT)(null));
});
