import { expect, test } from "vitest";
import { merged } from "@/pages/memories/panel/merge";

const BASE = "Postgres 16 listens on port 5433 on the staging box";

test("changes of different words go together", () => {
  const mine = BASE.replace("5433", "5434");
  const theirs = BASE.replace("Postgres 16", "Postgres 17");
  expect(merged(BASE, mine, theirs)).toBe("Postgres 17 listens on port 5434 on the staging box");
});

test("the same change counts once", () => {
  const both = BASE.replace("staging", "test");
  expect(merged(BASE, both, both)).toBe(both);
});

test("two changes of the same words are for the person to decide", () => {
  const [mine, theirs] = [BASE.replace("5433", "1"), BASE.replace("5433", "2")];
  expect(merged(BASE, mine, theirs)).toBeNull();
});

test("what is added at the end stays beside what is taken away at the start", () => {
  expect(merged("a b c 🐈", "b c 🐈", "a b c 🐈 d")).toBe("b c 🐈 d");
});

test("without a change of one's own, theirs holds", () => {
  expect(merged("a b", "a b", "a c")).toBe("a c");
});
