/** A text with some of its words marked. Text nodes only: what it says is never taken for HTML. */
export function Marked({ text, terms }: { text: string; terms: readonly string[] }) {
  return partsOf(text, terms).map(({ part, at, hit }) =>
    hit ? (
      <mark key={at} className="rounded-sm bg-mark text-inherit">
        {part}
      </mark>
    ) : (
      <span key={at}>{part}</span>
    ),
  );
}

export interface Part {
  part: string;
  at: number;
  hit: boolean;
}

/** The text in pieces, each with its place; words count whole, where a script has words. */
export function partsOf(text: string, terms: readonly string[]): Part[] {
  const found = terms.length > 0 ? [...text.matchAll(patternOf(terms))] : [];
  const parts: Part[] = [];
  let at = 0;
  for (const { 0: word, index } of found) {
    if (index > at) parts.push({ part: text.slice(at, index), at, hit: false });
    parts.push({ part: word, at: index, hit: true });
    at = index + word.length;
  }
  if (at < text.length) parts.push({ part: text.slice(at), at, hit: false });
  return parts;
}

const UNSEGMENTED = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

function patternOf(terms: readonly string[]): RegExp {
  const longestFirst = [...terms].sort((one, other) => other.length - one.length);
  const each = longestFirst.map((term) => {
    const word = term.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return UNSEGMENTED.test(term) ? word : `(?<![\\p{L}\\p{N}])${word}(?![\\p{L}\\p{N}])`;
  });
  return new RegExp(each.join("|"), "giu");
}
