import clsx from "clsx";
import type { ReactNode } from "react";

const TONES = {
  plain: "bg-sunken text-soft",
  accent: "bg-accent-soft text-accent",
  good: "bg-good-soft text-good",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
} as const;

export type Tone = keyof typeof TONES;

/** A word in a box: a category, a state, an outcome. The word says it; the colour repeats it. */
export function Chip({ tone = "plain", children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span
      className={clsx(
        "inline-flex max-w-48 items-center gap-1 truncate rounded-md px-1.5 py-0.5 text-xs",
        TONES[tone],
      )}
    >
      {children}
    </span>
  );
}
