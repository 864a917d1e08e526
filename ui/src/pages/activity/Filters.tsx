import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { appsQuery } from "@/api/queries/apps";
import { RANGES } from "@/api/queries/overview";
import { dayName, hourName } from "@/charts/heat";
import { Choice } from "@/components/Choice";
import { Input } from "@/components/Field";
import { t } from "@/i18n/t";
import { type ActivityAddress, KINDS, OUTCOMES, parseSlot } from "@/pages/activity/address";

interface Props {
  address: ActivityAddress;
  onChange: (change: Partial<ActivityAddress>) => void;
}

const TOOLS = [
  "search_memory",
  "list_memories",
  "add_memories",
  "update_memory",
  "delete_memories",
  "delete_all",
] as const;
const PLAIN = ["memory", "key", "from", "to"] as const;

/** What narrows the log. */
export function Filters({ address, onChange }: Props) {
  const { data } = useQuery(appsQuery());
  const one = (value: string) => (value ? [value] : []);
  const slot = parseSlot(address.slot);
  return (
    <div className="mb-2 flex flex-wrap items-center gap-2">
      <Input
        type="search"
        aria-label={t("activity.filter.q")}
        placeholder={t("activity.filter.q")}
        value={String(address.q)}
        onChange={(event) => onChange({ q: event.target.value })}
        className="max-w-56"
      />
      <Choice
        single
        label={t("activity.filter.app")}
        options={(data?.apps ?? []).map(({ id, label }) => ({ value: id, label }))}
        chosen={one(address.app)}
        onChange={([app]) => onChange({ app: app ?? "" })}
      />
      <Choice
        single
        label={t("activity.filter.kind")}
        options={KINDS.map((value) => ({ value, label: t(`activity.kind.${value}`) }))}
        chosen={KINDS.filter((each) => each === address.kind)}
        onChange={([kind]) => onChange({ kind: kind ?? "" })}
      />
      <Choice
        single
        label={t("activity.filter.outcome")}
        options={OUTCOMES.map((value) => ({ value, label: t(`activity.outcome.${value}`) }))}
        chosen={OUTCOMES.filter((each) => each === address.outcome)}
        onChange={([outcome]) => onChange({ outcome: outcome ?? "" })}
      />
      <Choice
        single
        label={t("activity.filter.operation")}
        options={TOOLS.map((value) => ({ value, label: value }))}
        chosen={TOOLS.filter((each) => each === address.operation)}
        onChange={([operation]) => onChange({ operation: operation ?? "" })}
      />
      <Choice
        single
        label={t("activity.filter.range")}
        options={RANGES.map((value) => ({ value, label: t(`overview.range.${value}`) }))}
        chosen={RANGES.filter((each) => each === address.range && each !== "all")}
        onChange={([range]) => onChange({ range: range ?? "all" })}
      />
      {PLAIN.map(
        (name) =>
          address[name] && (
            <Chosen
              key={name}
              text={`${t(`activity.filter.${name}`)}: ${address[name]}`}
              onRemove={() => onChange({ [name]: "" })}
            />
          ),
      )}
      {slot && (
        <Chosen
          text={`${dayName(slot[0])}, ${hourName(slot[1])}`}
          onRemove={() => onChange({ slot: "" })}
        />
      )}
    </div>
  );
}

function Chosen({ text, onRemove }: { text: string; onRemove: () => void }) {
  return (
    <button
      type="button"
      onClick={onRemove}
      aria-label={t("activity.filter.remove", { text })}
      className="inline-flex min-h-8 max-w-64 items-center gap-1 rounded-full border border-accent bg-accent-soft px-3 text-sm text-accent max-md:min-h-11"
    >
      <bdi className="truncate">{text}</bdi>
      <X aria-hidden className="size-3.5 shrink-0" />
    </button>
  );
}
