import type { LucideIcon } from "lucide-react";
import { lazy, type ReactNode, Suspense } from "react";

export interface MenuItem {
  label: string;
  icon?: LucideIcon;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}

export interface MenuProps {
  /** The button that opens it. */
  children: ReactNode;
  items: (MenuItem | "line")[];
  head?: ReactNode;
}

// What places and closes a menu is a third of the shell; it comes after the first paint.
const MenuBody = lazy(() => import("@/components/MenuBody"));

/** A menu of actions behind the button that is its child. */
export function Menu(props: MenuProps) {
  return (
    <Suspense fallback={props.children}>
      <MenuBody {...props} />
    </Suspense>
  );
}
