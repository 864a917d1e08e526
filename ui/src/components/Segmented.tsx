import { useId } from "react";

interface Props<T extends string> {
  label: string;
  options: { value: T; label: string }[];
  value: T;
  onChange: (value: T) => void;
  disabled?: boolean;
  /** The label is read out only; a toolbar has no room for it. */
  bare?: boolean;
}

/** One of a few: radio buttons side by side. */
export function Segmented<T extends string>(props: Props<T>) {
  const { label, options, value, onChange, disabled, bare } = props;
  const name = useId();
  return (
    <fieldset disabled={disabled} className="grid min-w-0 gap-1 disabled:opacity-60">
      <legend className={bare ? "sr-only" : "mb-1 text-sm font-medium"}>{label}</legend>
      <div className="flex flex-wrap rounded-lg border border-edge/60 bg-surface p-0.5">
        {options.map((option) => (
          <label
            key={option.value}
            className="relative grid min-h-8 flex-1 place-items-center rounded-md px-2 text-center text-sm whitespace-nowrap text-soft has-checked:bg-accent-soft has-checked:font-semibold has-checked:text-accent max-md:min-h-11 max-md:min-w-11"
          >
            <input
              type="radio"
              name={name}
              className="absolute inset-0 cursor-pointer appearance-none rounded-md"
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            {option.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
