import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { en } from "@/i18n/en";

const SOURCE = join(import.meta.dirname, "..");
const CODE = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !/\.test\.|i18n.en|schema\.gen/.test(name))
  .map((name) => ({ name, text: readFileSync(join(SOURCE, name), "utf8") }));

function keysOf(words: object, before = ""): string[] {
  return Object.entries(words).flatMap(([name, value]) =>
    typeof value === "string" || ("one" in value && "other" in value)
      ? before + name
      : keysOf(value, `${before}${name}.`),
  );
}

/** What the code asks for: whole keys, and patterns of those with a part that is filled in. */
function asked(): RegExp[] {
  const quoted = /["'`]((?:[a-z]\w*)\.(?:[\w.]|\$\{(?:[^{}`]|`[^`]*`)*\})+)["'`]/g;
  const found = CODE.flatMap(({ text }) => [...text.matchAll(quoted)].map(([, key = ""]) => key));
  return [...new Set(found)].map((key) => {
    const parts = key.split(/\$\{(?:[^{}`]|`[^`]*`)*\}/).map((part) => part.replaceAll(".", "\\."));
    return new RegExp(`^${parts.join(".+")}$`);
  });
}

test("every word is used somewhere", () => {
  const patterns = asked();
  const unused = keysOf(en).filter((key) => !patterns.some((pattern) => pattern.test(key)));
  expect(unused).toEqual([]);
});

test("a person reads only words that can be translated", () => {
  // Letters between two tags, or in an attribute that is read out, that no expression makes.
  const literal =
    /<\/?[a-zA-Z][^<>]*[^=]>\s*([A-Za-z][^<>{}=;()]*?)\s*<\/|\s(?:aria-label|title|placeholder|alt)="([^"]*[A-Za-z][^"]*)"/g;
  const found = CODE.filter(({ name }) => name.endsWith(".tsx")).flatMap(({ name, text }) =>
    [...text.matchAll(literal)].map(([, inside, read]) => `${name}: ${inside ?? read}`),
  );
  // Keys of a keyboard are called so everywhere.
  expect(found.filter((each) => !each.endsWith(": Ctrl K"))).toEqual([]);
});
