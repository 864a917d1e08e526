import { diffWordsWithSpace } from "diff";
import { useMemo } from "react";
import { t } from "@/i18n/t";

/** What one text has and another has not, word by word: by mark, by sign and by colour. */
export default function Words({ before, after }: { before: string; after: string }) {
  const parts = useMemo(() => diffWordsWithSpace(before, after), [before, after]);
  return (
    <p dir="auto" className="whitespace-pre-wrap [overflow-wrap:anywhere]">
      {parts.map((part, place) => {
        if (part.removed) {
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: its place is all it has
            <del key={place} className="rounded-sm bg-bad-soft text-bad">
              <span aria-hidden>−</span>
              {part.value}
            </del>
          );
        }
        if (part.added) {
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: its place is all it has
            <ins key={place} className="rounded-sm bg-good-soft text-good">
              <span aria-hidden>+</span>
              {part.value}
            </ins>
          );
        }
        return part.value;
      })}
      <span className="sr-only">{before === after ? t("memory.history.same") : ""}</span>
    </p>
  );
}
