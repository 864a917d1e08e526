/** A chip that opens a list to choose from: the filter of a list. */

import clsx from "clsx";
import { Check, ChevronDown } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { count } from "@/i18n/t";

export interface Option<T extends string> {
  value: T;
  label: string;
  n?: number;
}

interface Props<T extends string> {
  label: string;
  options: Option<T>[];
  chosen: readonly T[];
  onChange: (chosen: T[]) => void;
  /** Only one at a time. */
  single?: boolean;
}

export function Choice<T extends string>({ label, options, chosen, onChange, single }: Props<T>) {
  const names = options.filter(({ value }) => chosen.includes(value)).map(({ label }) => label);
  const flip = (value: T) => {
    const without = chosen.filter((each) => each !== value);
    if (single) onChange(chosen.includes(value) ? [] : [value]);
    else onChange(without.length < chosen.length ? without : [...chosen, value]);
  };
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger
        className={clsx(
          "inline-flex min-h-8 max-md:min-h-11 max-w-64 items-center gap-1 rounded-full border px-3 text-sm",
          chosen.length > 0
            ? "border-accent bg-accent-soft text-accent"
            : "border-edge/60 bg-surface text-soft hover:bg-sunken",
        )}
      >
        <span className="truncate">
          {label}
          {names.length > 0 && `: ${names.join(", ")}`}
        </span>
        <ChevronDown aria-hidden className="size-3.5 shrink-0" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="start"
          sideOffset={4}
          className="z-50 max-h-96 min-w-48 overflow-y-auto rounded-lg border border-line bg-raised p-1 shadow-pop"
        >
          {options.map((option) => (
            <DropdownMenu.CheckboxItem
              key={option.value}
              checked={chosen.includes(option.value)}
              onCheckedChange={() => flip(option.value)}
              onSelect={(event) => single || event.preventDefault()}
              className="flex min-h-8 max-md:min-h-11 items-center gap-2 rounded-md py-1 ps-7 pe-2.5 text-sm outline-none data-[highlighted]:bg-sunken"
            >
              <DropdownMenu.ItemIndicator className="absolute start-2.5">
                <Check aria-hidden className="size-4 text-accent" />
              </DropdownMenu.ItemIndicator>
              <bdi className="truncate">{option.label}</bdi>
              {option.n !== undefined && (
                <span className="ms-auto ps-4 text-xs text-faint tabular-nums">
                  {count(option.n)}
                </span>
              )}
            </DropdownMenu.CheckboxItem>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
