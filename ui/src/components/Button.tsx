import clsx from "clsx";
import type { LucideIcon } from "lucide-react";
import type { ComponentProps } from "react";

const LOOKS = {
  primary: "bg-accent text-accent-ink hover:opacity-90 font-semibold",
  plain: "border border-edge/60 bg-surface text-ink hover:bg-sunken",
  quiet: "text-soft hover:bg-sunken hover:text-ink",
  danger: "border border-bad/60 bg-surface text-bad hover:bg-bad-soft",
} as const;

export interface ButtonProps extends ComponentProps<"button"> {
  look?: keyof typeof LOOKS;
  icon?: LucideIcon;
}

/** A button with a word on it. */
export function Button({ look = "plain", icon: Icon, className, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={clsx(
        "inline-flex min-h-9 max-md:min-h-11 max-md:min-w-11 items-center justify-center gap-1.5 rounded-lg px-3 text-sm",
        "disabled:cursor-not-allowed disabled:opacity-55",
        LOOKS[look],
        className,
      )}
    >
      {Icon && <Icon aria-hidden className="size-4 shrink-0" />}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Omit<ComponentProps<"button">, "aria-label"> {
  icon: LucideIcon;
  /** What it does, and to what: "Pause memory: Prefers window seats". */
  label: string;
}

/** A button with a picture only; its label is read out and shown on hover. */
export function IconButton({ icon: Icon, label, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      title={label}
      {...rest}
      aria-label={label}
      className={clsx(
        "inline-grid size-8 shrink-0 place-items-center rounded-md text-soft hover:bg-sunken hover:text-ink max-md:size-11",
        "disabled:cursor-not-allowed disabled:opacity-55",
        className,
      )}
    >
      <Icon aria-hidden className="size-4" />
    </button>
  );
}
