import { useQuery } from "@tanstack/react-query";
import { appsQuery } from "@/api/queries/apps";
import { RANGES } from "@/api/queries/overview";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Field, Input, Select } from "@/components/Field";
import { t } from "@/i18n/t";
import { type ActivityAddress, KINDS, NO_FILTERS, OUTCOMES, TOOLS } from "@/pages/activity/address";
import { MemoryFilter } from "@/pages/activity/MemoryFilter";
import { TextFilter } from "@/pages/activity/TextFilter";
import { Views } from "@/pages/activity/Views";

interface Props {
  address: ActivityAddress;
  onChange: (change: Partial<ActivityAddress>) => void;
  onClose: () => void;
}

type Name = "app" | "kind" | "outcome" | "operation" | "range";

/** All that narrows the log, with room to write; on phones the only place. */
export default function FilterSheet({ address, onChange, onClose }: Props) {
  const { data } = useQuery(appsQuery());
  const lists: Record<Name, readonly { value: string; label: string }[]> = {
    app: (data?.apps ?? []).map(({ id, label }) => ({ value: id, label })),
    kind: KINDS.map((value) => ({ value, label: t(`activity.kind.${value}`) })),
    outcome: OUTCOMES.map((value) => ({ value, label: t(`activity.outcome.${value}`) })),
    operation: TOOLS.map((value) => ({ value, label: value })),
    range: RANGES.filter((each) => each !== "all").map((value) => ({
      value,
      label: t(`overview.range.${value}`),
    })),
  };
  return (
    <Dialog open sheet title={t("activity.filter.title")} onClose={onClose}>
      <div className="grid gap-4">
        {(Object.keys(lists) as Name[]).map((name) => (
          <Listed
            key={name}
            name={name}
            options={lists[name]}
            value={String(address[name])}
            onChange={onChange}
          />
        ))}
        <div className="grid grid-cols-2 gap-3">
          {(["from", "to"] as const).map((name) => (
            <Field key={name} label={t(`activity.filter.${name}`)}>
              {(box) => (
                <Input
                  {...box}
                  type="date"
                  value={String(address[name])}
                  onChange={({ target }) => onChange({ [name]: target.value })}
                />
              )}
            </Field>
          ))}
        </div>
        <MemoryFilter value={address.memory} onChange={(memory) => onChange({ memory })} />
        <Field label={t("activity.filter.key")} hint={t("activity.filter.keyHint")}>
          {(box) => (
            <TextFilter {...box} value={address.key} onChange={(key) => onChange({ key })} />
          )}
        </Field>
        <div className="flex flex-wrap gap-2 md:hidden">
          <Views address={address} onChange={onChange} />
        </div>
        <div className="flex justify-end gap-2">
          <Button look="quiet" onClick={() => onChange(NO_FILTERS)}>
            {t("common.clearFilters")}
          </Button>
          <Button look="primary" onClick={onClose}>
            {t("activity.filter.show")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

interface ListedProps {
  name: Name;
  options: readonly { value: string; label: string }[];
  value: string;
  onChange: Props["onChange"];
}

function Listed({ name, options, value, onChange }: ListedProps) {
  const none = name === "range" ? "all" : "";
  const known = value === none || options.some((option) => option.value === value);
  return (
    <Field label={t(`activity.filter.${name}`)}>
      {(box) => (
        <Select {...box} value={value} onChange={(e) => onChange({ [name]: e.target.value })}>
          <option value={none}>{t("activity.filter.any")}</option>
          {!known && <option value={value}>{value}</option>}
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}
