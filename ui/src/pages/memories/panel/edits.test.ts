import { expect, test } from "vitest";
import type { Draft } from "@/pages/memories/panel/drafts";
import { editOf, metadataIn } from "@/pages/memories/panel/edits";

const DRAFT: Draft = {
  base: { version: 3, text: "a", categories: null, metadata: { n: 1 } },
  text: "a",
  categories: "",
  metadata: '{ "n": 1 }',
};

test("what was not touched is not sent", () => {
  expect(editOf(DRAFT)).toEqual({});
});

test("undecided categories stay undecided unless one is named", () => {
  expect(editOf({ ...DRAFT, text: "b" })).toEqual({ text: "b" });
  expect(editOf({ ...DRAFT, categories: " work, travel,work " })).toEqual({
    categories: ["work", "travel"],
  });
});

test("emptied metadata is cleared, broken metadata is not sent", () => {
  expect(editOf({ ...DRAFT, metadata: "  " })).toEqual({ metadata: null });
  expect(editOf({ ...DRAFT, metadata: "{" })).toEqual({});
  expect(metadataIn("[1]")).toBeUndefined();
  expect(metadataIn("null")).toBeUndefined();
});
