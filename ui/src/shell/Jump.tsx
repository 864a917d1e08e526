import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { Dialog } from "@/components/Dialog";
import { Input } from "@/components/Field";
import { t } from "@/i18n/t";
import { groupsFor, type Option } from "@/shell/jumping";
import { useFound } from "@/shell/useFound";

/** The palette: a page, a memory or an app, or a search for anything else. */
export default function Jump({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const list = useId();
  const [query, setQuery] = useState("");
  // By key: what one has gone to stays chosen when more is found above it.
  const [at, setAt] = useState<string | null>(null);
  const words = query.trim();
  const groups = groupsFor(words, useFound(words));
  const options = groups.flatMap((group) => group.options);
  const place = Math.max(
    0,
    options.findIndex(({ key }) => key === at),
  );
  const chosen = options[place];
  const idOf = (option: Option | undefined) => option && `${list}-${options.indexOf(option)}`;
  const take = (option: Option | undefined) => {
    if (!option) return;
    onClose();
    void navigate(option.goal as never);
  };
  const press = (event: KeyboardEvent) => {
    // Enter may end a word that is put together of several keys.
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt(options.at((place + step) % options.length)?.key ?? null);
    else if (event.key === "Enter") take(chosen);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog open onClose={onClose} title={t("shell.jump")}>
      <Input
        role="combobox"
        aria-expanded
        aria-autocomplete="list"
        aria-controls={list}
        aria-activedescendant={idOf(chosen)}
        aria-label={t("shell.jump")}
        autoFocus
        autoComplete="off"
        dir="auto"
        value={query}
        onKeyDown={press}
        onChange={(event) => {
          setQuery(event.target.value);
          setAt(null);
        }}
      />
      <p role="status" className="sr-only">
        {words && t("shell.found", { n: options.length })}
      </p>
      <div id={list} role="listbox" aria-label={t("shell.jump")} className="mt-2 grid gap-2">
        {groups.map(({ title, options: each }, nth) => (
          // biome-ignore lint/a11y/useSemanticElements: a fieldset is none of a list's parts
          <div
            key={title}
            role="group"
            aria-labelledby={`${list}-of-${nth}`}
            className="grid gap-0.5"
          >
            <div id={`${list}-of-${nth}`} role="presentation" className="px-3 text-xs text-faint">
              {title}
            </div>
            {each.map((option) => (
              <Choice
                key={option.key}
                id={idOf(option)}
                option={option}
                chosen={option === chosen}
                onPoint={() => setAt(option.key)}
                onTake={() => take(option)}
              />
            ))}
          </div>
        ))}
      </div>
    </Dialog>
  );
}

interface ChoiceProps {
  id: string | undefined;
  option: Option;
  chosen: boolean;
  onPoint: () => void;
  onTake: () => void;
}

function Choice({ id, option: { label, beside }, chosen, onPoint, onTake }: ChoiceProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (chosen) box.current?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are pressed in the box above
    <div
      ref={box}
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={chosen}
      // Not when the list moves below a pointer that rests.
      onPointerMove={onPoint}
      onClick={onTake}
      className="flex min-h-9 min-w-0 items-center gap-3 rounded-lg px-3 max-md:min-h-11 aria-selected:bg-accent-soft aria-selected:text-accent"
    >
      <span dir="auto" className="min-w-0 flex-1 truncate">
        {label}
      </span>
      {beside && <bdi className="max-w-32 shrink-0 truncate text-xs text-soft">{beside}</bdi>}
    </div>
  );
}
