import { useEffect, useState } from "react";

interface Props {
  label: string;
  value: number;
  least: number;
  most: number;
  step: number;
  onChange: (value: number) => void;
}

/** A number beside its name. What is half typed is not taken yet. */
export function NumberBox({ label, value, least, most, step, onChange }: Props) {
  const [typed, setTyped] = useState(String(value));
  useEffect(() => setTyped(String(value)), [value]);
  const take = (text: string) => {
    setTyped(text);
    const n = Number(text);
    if (text.trim() !== "" && n >= least && n <= most) onChange(n);
  };
  return (
    <label className="inline-flex min-h-8 items-center gap-1.5 rounded-full border border-edge/60 bg-surface px-3 text-sm text-soft max-md:min-h-11">
      {label}
      <input
        type="number"
        value={typed}
        min={least}
        max={most}
        step={step}
        onChange={(event) => take(event.target.value)}
        onBlur={() => setTyped(String(value))}
        className="w-14 bg-transparent text-ink tabular-nums"
      />
    </label>
  );
}
