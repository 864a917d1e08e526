import { useQuery } from "@tanstack/react-query";
import { facetsQuery } from "@/api/queries/memories";
import { Field, Input } from "@/components/Field";

interface Props {
  label: string;
  hint?: string;
  error?: string | null;
  value: string;
  onChange: (value: string) => void;
}

const MAX_OFFERED = 12;

/** A line of names with commas; below it, the names there are that begin like the last one. */
export function CategoryBox({ label, hint, error, value, onChange }: Props) {
  const { data } = useQuery(facetsQuery({}));
  const parts = value.split(",");
  const begun = (parts.at(-1) ?? "").trim().toLowerCase();
  const there = parts.slice(0, -1).map((part) => part.trim().toLowerCase());
  const names = (data?.categories ?? []).flatMap((facet) => facet.value ?? []);
  const fitting = names.filter((name) => {
    const folded = name.toLowerCase();
    return folded.startsWith(begun) && folded !== begun && !there.includes(folded);
  });
  const take = (name: string) =>
    onChange([...parts.slice(0, -1).map((part) => part.trim()), name].join(", "));
  return (
    <div className="grid gap-1.5">
      <Field label={label} hint={hint} error={error ?? null}>
        {(box) => (
          <Input {...box} dir="auto" value={value} onChange={(e) => onChange(e.target.value)} />
        )}
      </Field>
      {fitting.length > 0 && (
        <div className="flex flex-wrap gap-1">
          {fitting.slice(0, MAX_OFFERED).map((name) => (
            <button
              key={name}
              type="button"
              onClick={() => take(name)}
              className="min-h-6 max-w-48 truncate rounded-md bg-sunken px-2 text-xs text-soft hover:text-ink max-md:min-h-11 max-md:min-w-11"
            >
              <bdi>{name}</bdi>
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
