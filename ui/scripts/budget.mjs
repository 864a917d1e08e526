/** Fails when the build is larger than it may be, or holds what must not leave this machine. */

import { brotli, files, read } from "./built.mjs";

const KB = 1024;
const STATIC = /(?:\bimport|\bfrom)\s*["'`]\.\/([^"'`]+\.js)["'`]/g;
const LAZY = /\bimport\(\s*["'`]\.\/([^"'`]+\.js)["'`]/g;
// The router resolves relative addresses against this where there is no window; nobody asks it.
const PLACEHOLDER = /(["'`])http:\/\/localhost\1/g;
const API = /https?:\/\/(?:localhost|127\.|\[::1\]|0\.0\.0\.0)|\blocalhost\b|sourceMappingURL/;

const names = files().filter((name) => !/\.(br|gz)$/.test(name));
const texts = new Map(
  names.filter((name) => /\.(js|css|html)$/.test(name)).map((name) => [name, String(read(name))]),
);
const scripts = names.filter((name) => name.endsWith(".js"));
const size = (name) => brotli(read(name)).length;
const sum = (some) => [...some].reduce((total, name) => total + size(name), 0);

function found(pattern, name) {
  return [...(texts.get(name) ?? "").matchAll(pattern)].map((match) => `assets/${match[1]}`);
}

/** A script and all that it loads before it runs. */
function whole(name, into = new Set()) {
  if (into.has(name)) return into;
  into.add(name);
  for (const next of found(STATIC, name)) whole(next, into);
  return into;
}

const [, entry] = /<script[^>]+src="\.?\/?([^"]+\.js)"/.exec(texts.get("index.html") ?? "") ?? [];
if (!entry) throw new Error("The build has no index.html with a script: run `npm run build` first");

const named = (name) => name.replace(/^assets\//, "").replace(/-[\w-]{8}\.js$/, "");
const lazy = new Set(scripts.flatMap((name) => found(LAZY, name)));
const lazyOne = (wanted) => {
  const name = [...lazy].find((name) => named(name) === wanted);
  if (!name) throw new Error(`The build has nothing named ${wanted}`);
  return name;
};
// What a page loads by itself as soon as it stands is a part of it.
const FIRST = ["Overview", "Charts"];
const first = new Set([entry, ...FIRST.map(lazyOne)].flatMap((name) => [...whole(name)]));
const shell = whole(entry);
const over = (name) => [...whole(name)].filter((each) => !shell.has(each));

const rows = [
  ["first page's scripts", sum(first), 135 * KB],
  ...[...lazy]
    .filter((name) => !FIRST.includes(named(name)))
    .map((name) => [`  ${named(name)}`, sum(over(name)), 35 * KB])
    .sort((one, other) => other[1] - one[1]),
  ["all scripts", sum(scripts), 260 * KB],
  ["styles", sum(names.filter((name) => name.endsWith(".css"))), 12 * KB],
  [
    "first font",
    read(names.find((name) => /inter-latin-wght/.test(name)) ?? entry).length,
    50 * KB,
  ],
  [
    "all files, compressed too",
    files().reduce((all, name) => all + read(name).length, 0),
    2048 * KB,
  ],
];

let failed = false;
for (const [what, bytes, most] of rows) {
  const fits = bytes <= most;
  failed ||= !fits;
  const kb = (number) => (number / KB).toFixed(1).padStart(8);
  process.stdout.write(
    `${what.padEnd(28)}${kb(bytes)} of${kb(most)} KB${fits ? "" : "  TOO MUCH"}\n`,
  );
}
for (const name of names) {
  const problem = name.endsWith(".map")
    ? "a source map"
    : API.exec((texts.get(name) ?? "").replace(PLACEHOLDER, ""))?.[0];
  if (!problem) continue;
  failed = true;
  process.stdout.write(`${name}: holds ${problem}\n`);
}
process.exitCode = failed ? 1 : 0;
