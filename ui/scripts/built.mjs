/** The files of the build, and the sizes in which they travel. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

export const FOLDER = join(
  dirname(fileURLToPath(import.meta.url)),
  "../../api/openmemory_api/static",
);

/** Every file that the build wrote, by its path in the folder, with slashes. */
export function files() {
  const entries = readdirSync(FOLDER, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(FOLDER, join(entry.parentPath, entry.name)).split(sep).join("/"));
}

export const read = (name) => readFileSync(join(FOLDER, name));

export const gzip = (bytes) => gzipSync(bytes, { level: 9 });

export const brotli = (bytes) =>
  brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
