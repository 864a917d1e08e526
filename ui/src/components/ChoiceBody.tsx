import { Check } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { Option } from "@/components/Choice";
import { MenuFrame } from "@/components/MenuFrame";
import type { Opened } from "@/components/opener";
import { count } from "@/i18n/t";

interface Props extends Opened {
  options: Option<string>[];
  chosen: readonly string[];
  onFlip: (value: string) => void;
  single: boolean;
}

export default function ChoiceBody({ options, chosen, onFlip, single, ...opened }: Props) {
  return (
    <MenuFrame
      {...opened}
      align="start"
      className="z-50 max-h-96 min-w-48 max-w-[calc(100vw-1rem)] overflow-y-auto rounded-lg border border-line bg-raised p-1 shadow-pop"
    >
      {options.map((option) => (
        <DropdownMenu.CheckboxItem
          key={option.value}
          checked={chosen.includes(option.value)}
          onCheckedChange={() => onFlip(option.value)}
          onSelect={(event) => single || event.preventDefault()}
          className="relative flex min-h-8 max-md:min-h-11 items-center gap-2 rounded-md py-1 ps-8 pe-2.5 text-sm outline-none data-[highlighted]:bg-sunken"
        >
          <DropdownMenu.ItemIndicator className="absolute start-2">
            <Check aria-hidden className="size-4 text-accent" />
          </DropdownMenu.ItemIndicator>
          <bdi className="truncate">{option.label}</bdi>
          {option.n !== undefined && (
            <span className="ms-auto ps-4 text-xs text-faint tabular-nums">{count(option.n)}</span>
          )}
        </DropdownMenu.CheckboxItem>
      ))}
    </MenuFrame>
  );
}
