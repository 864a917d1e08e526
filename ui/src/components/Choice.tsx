/** A chip that opens a list to choose from: the filter of a list. */

import { lazy, Suspense } from "react";
import { DropChip } from "@/components/DropChip";
import { useOpener } from "@/components/opener";

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

const ChoiceBody = lazy(() => import("@/components/ChoiceBody"));

export function Choice<T extends string>(props: Props<T>) {
  const { label, options, chosen, onChange, single = false } = props;
  const [opener, button] = useOpener("menu");
  const names = options.filter(({ value }) => chosen.includes(value)).map(({ label }) => label);
  const flip = (value: T) => {
    const without = chosen.filter((each) => each !== value);
    if (single) onChange(chosen.includes(value) ? [] : [value]);
    else onChange(without.length < chosen.length ? without : [...chosen, value]);
  };
  return (
    <>
      <DropChip {...button} on={chosen.length > 0}>
        {names.length > 0 ? `${label}: ${names.join(", ")}` : label}
      </DropChip>
      <Suspense>
        {opener.near && (
          <ChoiceBody
            {...opener}
            options={options}
            chosen={chosen}
            onFlip={(value) => flip(value as T)}
            single={single}
          />
        )}
      </Suspense>
    </>
  );
}
