import { ArrowRight } from "lucide-react";
import { useMedia } from "@/components/useMedia";
import { t } from "@/i18n/t";

interface Props {
  /** What is under the cursor; empty for nothing. */
  text: string;
  open: string;
  onOpen: () => void;
}

/** The line below a chart: the numbers under its cursor, and the way to what they count. */
export function Readout({ text, open, onOpen }: Props) {
  const coarse = useMedia("(pointer: coarse)");
  return (
    <div className="mt-2 flex min-h-8 flex-wrap items-center gap-x-3 border-t border-line pt-2 text-xs max-md:min-h-13">
      <p className={text ? "min-w-0 text-ink tabular-nums" : "text-faint"}>
        {text || t(coarse ? "charts.hintTouch" : "charts.hint")}
      </p>
      {text && (
        <button
          type="button"
          onClick={onOpen}
          className="ms-auto inline-flex min-h-6 items-center gap-1 font-semibold text-accent max-md:min-h-11"
        >
          {open}
          <ArrowRight aria-hidden className="size-3.5" />
        </button>
      )}
    </div>
  );
}
