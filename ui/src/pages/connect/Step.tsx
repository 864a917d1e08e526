import clsx from "clsx";
import type { ReactNode } from "react";
import { t } from "@/i18n/t";

interface Props {
  n: number;
  title: string;
  /** Beside the others where there is room: it is looked at while one does what they say. */
  aside?: boolean;
  children: ReactNode;
}

/** One of the steps to a first call. */
export function Step({ n, title, aside, children }: Props) {
  return (
    <li
      className={clsx(
        "min-w-0 rounded-card border border-line bg-surface p-4",
        aside && "xl:sticky xl:top-4 xl:col-start-2 xl:row-span-2 xl:row-start-1",
      )}
    >
      <h2 className="mb-3 flex items-center gap-2.5 text-base font-semibold">
        <span
          aria-hidden
          className="grid size-6 shrink-0 place-items-center rounded-full bg-accent-soft text-xs text-accent"
        >
          {n}
        </span>
        <span className="sr-only">{t("connect.step", { n })}:</span>
        {title}
      </h2>
      {children}
    </li>
  );
}
