import { Popover } from "radix-ui";
import type { RefObject } from "react";
import { Button } from "@/components/Button";
import { Field, Input } from "@/components/Field";
import type { Opened } from "@/components/opener";
import { t } from "@/i18n/t";
import type { Dates } from "@/pages/memories/DateChoice";

interface Props extends Dates, Opened {
  onChange: (dates: Dates) => void;
}

const DAYS = [7, 30, 90] as const;

/** Usual times, and two days to choose. */
export default function DateBody({ from, to, onChange, open, setOpen, button }: Props) {
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Anchor virtualRef={button as RefObject<HTMLButtonElement>} />
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={4}
          collisionPadding={8}
          aria-label={t("memories.filter.date")}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            button.current?.focus();
          }}
          // The button closes by itself; closed by this too, it would open again.
          onInteractOutside={(event) => {
            if (button.current?.contains(event.target as Node)) event.preventDefault();
          }}
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
