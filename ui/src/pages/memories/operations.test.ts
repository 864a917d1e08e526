import { expect, test } from "vitest";
import { namesBeside } from "@/pages/memories/operations";

test("of the categories that were named, those that the memory has not are told, in any case", () => {
  expect(namesBeside(["Work", "food"], { categories: ["work"] })).toEqual(["food"]);
  expect(namesBeside(["food"], { categories: null })).toEqual(["food"]);
});
