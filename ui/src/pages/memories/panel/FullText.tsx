import clsx from "clsx";
import { useState } from "react";
import { t } from "@/i18n/t";

const LONG = 900;

/** The text as it is: nothing in it is a link, a picture or markup. */
export function FullText({ text }: { text: string }) {
  const [all, setAll] = useState(false);
  const long = text.length > LONG || text.split("\n").length > 14;
  return (
    <div>
      <p
        dir="auto"
        data-testid="memory-text"
        className={clsx(
          "text-base/relaxed whitespace-pre-wrap [overflow-wrap:anywhere]",
          long && !all && "line-clamp-[12]",
        )}
      >
        {text}
      </p>
      {long && (
        <button
          type="button"
          aria-expanded={all}
          onClick={() => setAll(!all)}
          className="mt-1 min-h-6 font-semibold text-accent underline max-md:min-h-11"
        >
          {all ? t("memory.showLess") : t("memory.showAll")}
        </button>
      )}
    </div>
  );
}
