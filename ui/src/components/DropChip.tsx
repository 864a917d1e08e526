import clsx from "clsx";
import { ChevronDown } from "lucide-react";
import type { ComponentProps } from "react";

/** The round button of a filter; filled while something is chosen. */
export function DropChip({ on, children, ...rest }: ComponentProps<"button"> & { on: boolean }) {
  return (
    <button
      type="button"
      {...rest}
      className={clsx(
        "inline-flex min-h-8 max-md:min-h-11 max-w-64 items-center gap-1 rounded-full border px-3 text-sm",
        on
          ? "border-accent bg-accent-soft text-accent"
          : "border-edge/60 bg-surface text-soft hover:bg-sunken",
      )}
    >
      <span className="truncate">{children}</span>
      <ChevronDown aria-hidden className="size-3.5 shrink-0" />
    </button>
  );
}
