/** What is read out of what comes in: seldom, but all of it. */

/** Adds up what comes within `ms` of the first, then tells the sum. */
export function summedUp(ms: number, tell: (n: number) => void) {
  let sum = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    const n = sum;
    timer = undefined;
    sum = 0;
    tell(n);
  };
  return {
    add: (n: number) => {
      sum += n;
      // Not begun anew by each: a steady stream would never be told.
      timer ??= setTimeout(flush, ms);
    },
    stop: () => {
      clearTimeout(timer);
      timer = undefined;
      sum = 0;
    },
  };
}

const UNSEEN = "\u00a0";

/** Words that differ from those before them: the same text is no change, and is not read out. */
export function spoken(words: string, before: string): string {
  return words === before ? words + UNSEEN : words;
}
