import { type ReactNode, useEffect, useRef } from "react";
import { t } from "@/i18n/t";

interface Props {
  title: string;
  /** Shown after the title: a count, say. */
  aside?: ReactNode;
  actions?: ReactNode;
  /** Fills the window and scrolls inside, as a long list does. */
  fills?: boolean;
  children: ReactNode;
}

/** The frame of every page: its one heading, which gets the focus when the page is entered. */
export function Page({ title, aside, actions, fills, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} – ${t("common.product")}`;
    heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <div
      className={
        fills
          ? "flex h-full min-h-0 flex-col px-4 pt-4 md:px-6"
          : "mx-auto w-full max-w-7xl px-4 py-4 pb-12 md:px-6"
      }
    >
      <div className="mb-3 flex min-h-9 flex-wrap items-center gap-x-3 gap-y-2">
        <h1 ref={heading} tabIndex={-1} className="text-xl font-semibold tracking-tight">
          {title}
        </h1>
        {aside}
        {actions && <div className="ms-auto flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
      {children}
    </div>
  );
}

/** A card with a heading of the second level. */
export function Section(props: {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  return (
    <section className={`rounded-card border border-line bg-surface p-4 ${props.className ?? ""}`}>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <h2 className="text-sm font-semibold">{props.title}</h2>
        {props.actions && <div className="ms-auto flex items-center gap-2">{props.actions}</div>}
      </div>
      {props.children}
    </section>
  );
}
