import { expect, test } from "vitest";
import { bodyOf, cleaned, DEFAULTS, memoryIn } from "@/pages/search/address";
import { copyOf } from "@/pages/search/copies";

test("an address that somebody typed is made good", () => {
  const given = { q: 5433, k: 1000, threshold: "x", app: "cursor", off: ["bm25", "no"], from: "?" };
  const address = cleaned(given);
  expect(address).toMatchObject({ q: "5433", k: 100, threshold: 0, app: ["cursor"] });
  expect(address).toMatchObject({ off: ["bm25"], from: "" });
});

test("without filters none are sent", () => {
  expect(bodyOf({ ...DEFAULTS, q: " tea " })).toMatchObject({ query: "tea", filters: null });
});

test("a memory is named by id, short id or link, and not by words", () => {
  expect(memoryIn("http://host/memories/m12")).toBe("m12");
  expect(memoryIn(" M7 ")).toBe("m7");
  expect(memoryIn("the m12 motor way")).toBeUndefined();
});

test("a copied search keeps its quotes, and says what it leaves out", () => {
  const place = { base: "http://host", user: "me", keyNeeded: false };
  const address = { ...DEFAULTS, q: "it's", app: ["cursor"], as: "codex" };
  const { text, leftOut } = copyOf("curl", address, place);
  expect(text).toContain(String.raw`it'\''s`);
  expect(text).toContain("X-OpenMemory-App: codex");
  expect(leftOut).toEqual(["writer"]);
});
