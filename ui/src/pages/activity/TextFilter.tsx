import { type ComponentProps, useEffect, useRef, useState } from "react";
import { Input } from "@/components/Field";

interface Props extends Omit<ComponentProps<"input">, "value" | "onChange"> {
  value: string;
  onChange: (value: string) => void;
}

const PAUSE_MS = 300;

/** A box that asks once one pauses, not with each letter. */
export function TextFilter({ value, onChange, ...rest }: Props) {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const said = useRef(value);
  useEffect(() => {
    // Changed elsewhere, as by going back.
    if (value !== said.current) setText(value);
    said.current = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const say = (next: string) => {
    clearTimeout(timer.current);
    if (next === said.current) return;
    said.current = next;
    onChange(next);
  };
  return (
    <Input
      {...rest}
      value={text}
      onChange={({ target }) => {
        setText(target.value);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => say(target.value.trim()), PAUSE_MS);
      }}
      onBlur={({ target }) => say(target.value.trim())}
      onKeyDown={({ key, currentTarget }) => key === "Enter" && say(currentTarget.value.trim())}
    />
  );
}
