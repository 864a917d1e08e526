/** Two changes of one text put together, as far as they do not touch the same words. */

import { diffWordsWithSpace } from "diff";

interface Span {
  /** Of the words of the base: from here to before there, replaced by `words`. */
  from: number;
  to: number;
  words: string[];
}

/** What both say of `base`; null where they change the same words in two ways. */
export function merged(base: string, mine: string, theirs: string): string | null {
  const spans = unlike(spansOf(base, mine), spansOf(base, theirs));
  if (spans === null) return null;
  const letters = [...base];
  for (const { from, to, words } of spans.toReversed()) letters.splice(from, to - from, ...words);
  return letters.join("");
}

/** All spans in their order, the same change once; null if two touch. */
function unlike(mine: Span[], theirs: Span[]): Span[] | null {
  const extra = theirs.filter((one) => !mine.some((other) => same(one, other)));
  const all = [...mine, ...extra].sort((a, b) => a.from - b.from || a.to - b.to);
  const touch = all.some((span, place) => {
    const before = all[place - 1];
    return before !== undefined && span.from <= before.to;
  });
  return touch ? null : all;
}

function same(a: Span, b: Span): boolean {
  return a.from === b.from && a.to === b.to && a.words.join("") === b.words.join("");
}

function spansOf(base: string, changed: string): Span[] {
  const spans: Span[] = [];
  let at = 0;
  let open: Span | null = null;
  for (const part of diffWordsWithSpace(base, changed)) {
    if (!part.added && !part.removed) {
      open = null;
      at += [...part.value].length;
      continue;
    }
    if (open === null) {
      open = { from: at, to: at, words: [] };
      spans.push(open);
    }
    if (part.removed) {
      at += [...part.value].length;
      open.to = at;
    } else open.words.push(part.value);
  }
  return spans;
}
