import { expect, test } from "vitest";
import { partsOf } from "@/components/Marked";

const marked = (text: string, ...terms: string[]) =>
  partsOf(text, terms).flatMap(({ part, hit }) => (hit ? part : []));

test("words are marked whole and in any case", () => {
  expect(marked("Port 80, report, the PORT", "port")).toEqual(["Port", "PORT"]);
});

test("signs of a pattern are letters like others, and nothing is lost", () => {
  const text = "<b>c++</b> (or c)";
  expect(marked(text, "c++", "(or")).toEqual(["c++", "(or"]);
  expect(
    partsOf(text, ["c++"])
      .map(({ part }) => part)
      .join(""),
  ).toBe(text);
});

test("a script without spaces is marked inside of its run", () => {
  expect(marked("我喜欢茶", "喜欢")).toEqual(["喜欢"]);
});

test("without terms the text is one piece", () => {
  expect(partsOf("tea", [])).toEqual([{ part: "tea", at: 0, hit: false }]);
});
