import clsx from "clsx";
import { ChevronDown } from "lucide-react";
import { Popover } from "radix-ui";
import { Button } from "@/components/Button";
import { Field, Input } from "@/components/Field";
import { t } from "@/i18n/t";
import { dayOf } from "@/i18n/time";

interface Props {
  /** Days (or moments), or empty. */
  from: string;
  to: string;
  onChange: (dates: { from: string; to: string }) => void;
}

const DAYS = [7, 30, 90] as const;

/** A chip that opens the two ends of a time. */
export function DateChoice({ from, to, onChange }: Props) {
  const chosen = from !== "" || to !== "";
  return (
    <Popover.Root>
      <Popover.Trigger
        className={clsx(
          "inline-flex min-h-8 max-w-64 items-center gap-1 rounded-full border px-3 text-sm max-md:min-h-11",
          chosen
            ? "border-accent bg-accent-soft text-accent"
            : "border-edge/60 bg-surface text-soft hover:bg-sunken",
        )}
      >
        <span className="truncate">
          {t("memories.filter.date")}
          {chosen && ` ${said(from, to)}`}
        </span>
        <ChevronDown aria-hidden className="size-3.5 shrink-0" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={4}
          aria-label={t("memories.filter.date")}
          className="z-50 grid w-72 gap-3 rounded-lg border border-line bg-raised p-3 shadow-pop"
        >
          <div className="flex flex-wrap gap-1">
            <Preset label={t("memories.filter.today")} days={0} onChange={onChange} />
            {DAYS.map((n) => (
              <Preset
                key={n}
                label={t("memories.filter.days", { n })}
                days={n - 1}
                onChange={onChange}
              />
            ))}
            <Button look="quiet" onClick={() => onChange({ from: "", to: "" })}>
              {t("memories.filter.dateAny")}
            </Button>
          </div>
          <DayField
            label={t("memories.filter.dateFrom")}
            value={from}
            onChange={(day) => onChange({ from: day, to })}
          />
          <DayField
            label={t("memories.filter.dateTo")}
            value={to}
            onChange={(day) => onChange({ from, to: day })}
          />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Preset(props: { label: string; days: number; onChange: Props["onChange"] }) {
  const press = () => {
    const day = new Date();
    day.setDate(day.getDate() - props.days);
    props.onChange({ from: localDay(day), to: "" });
  };
  return (
    <Button look="quiet" onClick={press}>
      {props.label}
    </Button>
  );
}

function DayField(props: { label: string; value: string; onChange: (day: string) => void }) {
  return (
    <Field label={props.label}>
      {(box) => (
        <Input
          {...box}
          type="date"
          value={props.value.slice(0, 10)}
          onChange={(event) => props.onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

function localDay(date: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function said(from: string, to: string): string {
  const [a, b] = [shown(from), shown(to)];
  if (a && b) return t("memories.filter.dateBetween", { from: a, to: b });
  return a
    ? t("memories.filter.dateSince", { from: a })
    : t("memories.filter.dateUntil", { to: b });
}

function shown(day: string): string {
  return Number.isNaN(Date.parse(day)) ? "" : dayOf(day);
}
