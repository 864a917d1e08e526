import { expect, test } from "vitest";
import { type Found, groupsFor, idIn } from "@/shell/jumping";

const memory = (n: number) => ({ id: `id-${n}`, short_id: `m${n}`, text: `Text ${n}`, app: null });
const FOUND: Found = {
  memories: [1, 2, 3, 4, 5, 6].map(memory),
  apps: [
    { name: "claude-code", label: "Claude Code", merged: ["cc-cli"] },
    { name: "cursor", label: "cursor", merged: [] },
  ],
};
const NOTHING: Found = { memories: [], apps: [] };
const titles = (words: string, found = FOUND) => groupsFor(words, found).map(({ title }) => title);
const keys = (words: string, found = FOUND) =>
  groupsFor(words, found).flatMap(({ options }) => options.map(({ key }) => key));

test("without words there are the pages alone", () => {
  expect(titles("")).toEqual(["Pages"]);
  expect(keys("", FOUND)).toContain("/settings");
});

test("the search for the words is last, and is there when nothing else is", () => {
  expect(keys("me").at(-1)).toBe("search");
  expect(keys("zzz", NOTHING)).toEqual(["search"]);
});

test("apps are found by name, label and further names", () => {
  for (const words of ["CLAUDE", "claude-c", "cc-"])
    expect(keys(words)).toContain("app claude-code");
  expect(keys("cursor")).toContain("app cursor");
  expect(keys("cursor")).not.toContain("app claude-code");
});

test("at most five memories are found by text; the one that is named comes first, and once", () => {
  expect(keys("text").filter((key) => key.startsWith("id-"))).toHaveLength(5);
  const named = keys("m3", { ...FOUND, named: memory(3) }).filter((key) => key.startsWith("id-"));
  expect(named[0]).toBe("id-3");
  expect(new Set(named).size).toBe(named.length);
});

test("short and long ids of memories are known as such, in any case", () => {
  expect(idIn(" M12 ")).toBe("m12");
  expect(idIn("0190C5A2-7E3B-7CC1-8F00-0123456789AB")).toBe("0190c5a2-7e3b-7cc1-8f00-0123456789ab");
  for (const words of ["m", "m0", "m12x", "memory", "12", "0190c5a2"])
    expect(idIn(words)).toBeNull();
});
