import { useEffect, useState } from "react";

interface Props {
  label: string;
  value: number;
  least: number;
  most: number;
  step: number;
  onChange: (value: number) => void;
}

const PAUSE_MS = 500;

/** A number beside its name. It is taken when one has stopped typing: each one is a search. */
export function NumberBox({ label, value, least, most, step, onChange }: Props) {
  const [typed, setTyped] = useState(String(value));
  useEffect(() => setTyped(String(value)), [value]);
  const n = Number(typed);
  const fits = typed.trim() !== "" && n >= least && n <= most;
  const take = () => {
    if (fits && n !== value) onChange(n);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is typed starts the wait anew
  useEffect(() => {
    const timer = setTimeout(take, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <label className="inline-flex min-h-8 items-center gap-1.5 rounded-full border border-edge/60 bg-surface px-3 text-sm text-soft max-md:min-h-11">
      {label}
      <input
        type="number"
        value={typed}
        min={least}
        max={most}
        step={step}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => event.key === "Enter" && take()}
        onBlur={() => {
          if (fits) take();
          else setTyped(String(value));
        }}
        className="w-14 bg-transparent text-ink tabular-nums"
      />
    </label>
  );
}
