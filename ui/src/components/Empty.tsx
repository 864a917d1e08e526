import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

interface Props {
  icon: LucideIcon;
  title: string;
  text: string;
  children?: ReactNode;
}

/** Nothing to show, and what to do about it. Say which nothing: none yet, none matching, none allowed. */
export function Empty({ icon: Icon, title, text, children }: Props) {
  return (
    <div className="mx-auto grid max-w-md justify-items-center gap-2 px-4 py-14 text-center">
      <Icon aria-hidden className="size-7 text-faint" />
      <h2 className="font-semibold">{title}</h2>
      <p className="text-soft">{text}</p>
      {children && <div className="mt-2 flex flex-wrap justify-center gap-2">{children}</div>}
    </div>
  );
}
