import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useId, useState } from "react";
import { Dialog } from "@/components/Dialog";
import { Input } from "@/components/Field";
import { t } from "@/i18n/t";
import { PLACES } from "@/shell/places";

/** The palette: a page by name, or a search for anything else. */
export default function Jump({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const list = useId();
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const words = query.trim();
  const places = PLACES.filter(({ title }) => title.toLowerCase().includes(words.toLowerCase()));
  const options = [
    ...places.map(({ title, to }) => ({ label: title, go: () => navigate({ to }) })),
    ...(words
      ? [
          {
            label: t("shell.jumpSearch", { query: words }),
            go: () => navigate({ to: "/search", search: { q: words } as never }),
          },
        ]
      : []),
  ];
  const chosen = Math.min(at, options.length - 1);
  const take = (place: number) => {
    onClose();
    void options[place]?.go();
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((chosen + step + options.length) % options.length);
    else if (event.key === "Enter") take(chosen);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog open onClose={onClose} title={t("shell.jump")}>
      <Input
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={`${list}-${chosen}`}
        aria-label={t("shell.jump")}
        autoFocus
        value={query}
        onKeyDown={press}
        onChange={(event) => {
          setQuery(event.target.value);
          setAt(0);
        }}
      />
      <div id={list} role="listbox" aria-label={t("shell.jump")} className="mt-2 grid gap-0.5">
        {options.map(({ label }, place) => (
          <div
            key={label}
            id={`${list}-${place}`}
            role="option"
            tabIndex={-1}
            aria-selected={place === chosen}
            onPointerEnter={() => setAt(place)}
            onClick={() => take(place)}
            onKeyDown={press}
            className="flex min-h-9 items-center rounded-lg px-3 aria-selected:bg-accent-soft aria-selected:text-accent"
          >
            {label}
          </div>
        ))}
      </div>
    </Dialog>
  );
}
