import { X } from "lucide-react";
import type { ReactNode } from "react";
import { RANGES } from "@/api/queries/overview";
import { dayName, hourName } from "@/charts/heat";
import { MemoryText } from "@/components/MemoryText";
import { t } from "@/i18n/t";
import {
  type ActivityAddress,
  KINDS,
  NO_FILTERS,
  OUTCOMES,
  parseSlot,
} from "@/pages/activity/address";

interface Props {
  address: ActivityAddress;
  onChange: (change: Partial<ActivityAddress>) => void;
}

/** Those that the lists show themselves where there is room for the lists. */
const LISTED = ["app", "kind", "outcome", "operation", "range"] as const;
const PLAIN = ["memory", "key", "from", "to"] as const;
type Name = (typeof LISTED)[number] | (typeof PLAIN)[number];

/** What narrows the log now, each with a way to be rid of it. */
export function Chosen({ address, onChange }: Props) {
  const slot = parseSlot(address.slot);
  const chip = (name: Name, className = "") => {
    const value = String(address[name]);
    if (value === NO_FILTERS[name]) return null;
    const label = t(`activity.filter.${name}`);
    return (
      <Chip
        key={name}
        className={className}
        label={`${label}: ${inWords(name, value)}`}
        onRemove={() => onChange({ [name]: NO_FILTERS[name] })}
      >
        {label}: {name === "memory" ? <MemoryText id={value} /> : inWords(name, value)}
      </Chip>
    );
  };
  const when = slot && `${dayName(slot[0])}, ${hourName(slot[1])}`;
  return (
    <>
      {LISTED.map((name) => chip(name, "md:hidden"))}
      {PLAIN.map((name) => chip(name))}
      {when && (
        <Chip label={when} onRemove={() => onChange({ slot: "" })}>
          {when}
        </Chip>
      )}
    </>
  );
}

function inWords(name: Name, value: string): string {
  // An address may say what there is not.
  const kind = KINDS.find((each) => name === "kind" && each === value);
  if (kind) return t(`activity.kind.${kind}`);
  const outcome = OUTCOMES.find((each) => name === "outcome" && each === value);
  if (outcome) return t(`activity.outcome.${outcome}`);
  const range = RANGES.find((each) => name === "range" && each === value);
  return range ? t(`overview.range.${range}`) : value;
}

interface ChipProps {
  label: string;
  onRemove: () => void;
  className?: string;
  children: ReactNode;
}

function Chip({ label, onRemove, className = "", children }: ChipProps) {
  return (
    <button
      type="button"
      onClick={onRemove}
      title={t("activity.filter.remove", { text: label })}
      className={`inline-flex min-h-8 max-w-64 items-center gap-1 rounded-full border border-accent bg-accent-soft px-3 text-sm text-accent max-md:min-h-11 ${className}`}
    >
      <span className="sr-only">{t("activity.filter.removeFirst")} </span>
      <bdi className="truncate">{children}</bdi>
      <X aria-hidden className="size-3.5 shrink-0" />
    </button>
  );
}
