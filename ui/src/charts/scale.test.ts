import { expect, test } from "vitest";
import { scaleOf } from "@/charts/scale";

test("the steps are round, whole, and reach the greatest value", () => {
  expect(scaleOf(4, 3, 100, 0).ticks).toEqual([0, 2, 4]);
  expect(scaleOf(57, 3, 100, 0).ticks).toEqual([0, 20, 40, 60]);
  expect(scaleOf(10_000, 3, 100, 0).ticks).toEqual([0, 5000, 10_000]);
  expect(scaleOf(1, 3, 100, 0).ticks).toEqual([0, 1]);
});

test("nothing stands at the bottom, the last step at the top", () => {
  const { at } = scaleOf(57, 3, 200, 8);
  expect(at(0)).toBe(200);
  expect(at(60)).toBe(8);
});
