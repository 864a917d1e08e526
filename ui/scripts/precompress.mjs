/** Writes a Brotli and a gzip file beside each text of the build, for the server to choose from. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotli, FOLDER, files, gzip, read } from "./built.mjs";

const TEXTS = /\.(css|js|json|svg|txt|webmanifest)$/;
const SMALL = 512;

let count = 0;
for (const name of files().filter((name) => TEXTS.test(name))) {
  const bytes = read(name);
  // A page's own file differs with the prefix it is served under, and tiny ones gain nothing.
  if (bytes.length < SMALL) continue;
  writeFileSync(join(FOLDER, `${name}.br`), brotli(bytes));
  writeFileSync(join(FOLDER, `${name}.gz`), gzip(bytes));
  count += 1;
}
process.stdout.write(`${count} files compressed\n`);
