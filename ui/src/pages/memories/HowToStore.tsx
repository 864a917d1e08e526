import { useId } from "react";
import { t } from "@/i18n/t";

interface Props {
  infer: boolean;
  onChange: (infer: boolean) => void;
}

/** Whether the text is kept as it is, or a language model takes the facts out of it. */
export function HowToStore({ infer, onChange }: Props) {
  const name = useId();
  const choices = [
    { value: false, label: t("memories.new.verbatim") },
    { value: true, label: t("memories.new.infer") },
  ];
  return (
    <fieldset>
      <legend className="mb-1 text-sm font-medium">{t("memories.new.how")}</legend>
      {choices.map(({ value, label }) => (
        <label key={label} className="flex min-h-8 items-center gap-2 max-md:min-h-11">
          <input
            type="radio"
            name={name}
            checked={infer === value}
            onChange={() => onChange(value)}
            className="size-4 accent-accent"
          />
          {label}
        </label>
      ))}
      {infer && <p className="text-xs text-faint">{t("memories.new.inferHint")}</p>}
    </fieldset>
  );
}
