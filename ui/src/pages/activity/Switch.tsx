import clsx from "clsx";
import type { LucideIcon } from "lucide-react";
import { Button } from "@/components/Button";

interface Props {
  on: boolean;
  onFlip: () => void;
  label: string;
  icon?: LucideIcon;
  className?: string;
}

/** A button that stays pressed. */
export function Switch({ on, onFlip, label, icon, className }: Props) {
  return (
    <Button
      {...(icon && { icon })}
      aria-pressed={on}
      onClick={onFlip}
      className={clsx(on && "border-accent! bg-accent-soft! text-accent!", className)}
    >
      {label}
    </Button>
  );
}
