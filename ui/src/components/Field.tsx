import clsx from "clsx";
import { type ComponentProps, type ReactNode, useId } from "react";

const BOX =
  "w-full rounded-lg border border-edge/70 bg-surface px-3 text-sm text-ink placeholder:text-faint aria-[invalid=true]:border-bad";

interface Props {
  label: string;
  hint?: ReactNode;
  error?: string | null;
  /** Gets the ids and marks that tie the box to its label, hint and error. */
  children: (box: {
    id: string;
    "aria-describedby": string | undefined;
    "aria-invalid": boolean | undefined;
  }) => ReactNode;
}

/** A box with its label, and under it what helps or what is wrong. */
export function Field({ label, hint, error, children }: Props) {
  const id = useId();
  const below = error || hint;
  return (
    <div className="grid gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children({
        id,
        "aria-describedby": below ? `${id}-below` : undefined,
        "aria-invalid": error ? true : undefined,
      })}
      {below && (
        <p
          id={`${id}-below`}
          role={error ? "alert" : undefined}
          className={clsx("text-xs", error ? "text-bad" : "text-faint")}
        >
          {below}
        </p>
      )}
    </div>
  );
}

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return <input {...rest} className={clsx(BOX, "min-h-9 max-md:min-h-11", className)} />;
}

export function TextArea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea dir="auto" rows={5} {...rest} className={clsx(BOX, "py-2", className)} />;
}

export function Select({ className, ...rest }: ComponentProps<"select">) {
  return <select {...rest} className={clsx(BOX, "min-h-9 max-md:min-h-11", className)} />;
}
