import clsx from "clsx";
import { DropdownMenu } from "radix-ui";
import { type ReactNode, useRef } from "react";
import type { MenuItem } from "@/components/Menu";
import { MenuFrame } from "@/components/MenuFrame";
import type { Opened } from "@/components/opener";

interface Props extends Opened {
  items: (MenuItem | "line")[];
  head: ReactNode;
}

export default function MenuBody({ items, head, ...opened }: Props) {
  const chosen = useRef<() => void>(undefined);
  // Not before the button has the focus again: a dialog that an action opens gives it back there.
  const run = () => {
    chosen.current?.();
    chosen.current = undefined;
  };
  return (
    <MenuFrame
      {...opened}
      align="end"
      onClosed={run}
      className="z-50 min-w-44 max-w-80 rounded-lg border border-line bg-raised p-1 shadow-pop"
    >
      {head && <div className="px-2.5 py-1.5 text-xs text-soft">{head}</div>}
      {items.map((item, place) =>
        item === "line" ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line has nothing else
          <DropdownMenu.Separator key={place} className="my-1 h-px bg-line" />
        ) : (
          <Item
            key={item.label}
            {...item}
            onSelect={() => {
              chosen.current = item.onSelect;
            }}
          />
        ),
      )}
    </MenuFrame>
  );
}

function Item({ label, icon: Icon, danger, disabled, onSelect }: MenuItem) {
  return (
    <DropdownMenu.Item
      disabled={disabled}
      onSelect={onSelect}
      className={clsx(
        "flex min-h-8 max-md:min-h-11 items-center gap-2 rounded-md px-2.5 text-sm outline-none data-[highlighted]:bg-sunken",
        "data-[disabled]:opacity-50",
        danger ? "text-bad" : "text-ink",
      )}
    >
      {Icon && <Icon aria-hidden className="size-4" />}
      {label}
    </DropdownMenu.Item>
  );
}
