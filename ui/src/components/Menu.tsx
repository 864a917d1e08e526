import type { LucideIcon } from "lucide-react";
import { cloneElement, lazy, type ReactElement, type ReactNode, Suspense } from "react";
import { useOpener } from "@/components/opener";

export interface MenuItem {
  label: string;
  icon?: LucideIcon;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}

export interface MenuProps {
  /** The button that opens it. */
  children: ReactElement<object>;
  items: (MenuItem | "line")[];
  head?: ReactNode;
}

// What places and closes a menu is a third of the shell: nobody needs it before they come near one.
const MenuBody = lazy(() => import("@/components/MenuBody"));

/** A menu of actions behind the button that is its child. */
export function Menu({ children, items, head }: MenuProps) {
  const [opener, props] = useOpener("menu");
  return (
    <>
      {cloneElement(children, props)}
      <Suspense>{opener.near && <MenuBody {...opener} items={items} head={head} />}</Suspense>
    </>
  );
}
