import { useQuery } from "@tanstack/react-query";
import { ListFilter } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { appsQuery } from "@/api/queries/apps";
import { RANGES } from "@/api/queries/overview";
import { Button } from "@/components/Button";
import { Choice } from "@/components/Choice";
import { t } from "@/i18n/t";
import { type ActivityAddress, KINDS, OUTCOMES, TOOLS } from "@/pages/activity/address";
import { Chosen } from "@/pages/activity/Chosen";
import { TextFilter } from "@/pages/activity/TextFilter";

const FilterSheet = lazy(() => import("@/pages/activity/FilterSheet"));

interface Props {
  address: ActivityAddress;
  onChange: (change: Partial<ActivityAddress>) => void;
}

/** What narrows the log. On phones there is room for the query only; the rest is in a sheet. */
export function Filters({ address, onChange }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <div className="mb-2 flex flex-wrap items-center gap-2">
      <TextFilter
        type="search"
        aria-label={t("activity.filter.q")}
        placeholder={t("activity.filter.q")}
        value={String(address.q)}
        onChange={(q) => onChange({ q })}
        className="min-w-40 flex-1 md:max-w-56"
      />
      <div className="contents max-md:hidden">
        <Choices address={address} onChange={onChange} />
      </div>
      <Button icon={ListFilter} aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <span className="md:hidden">{t("activity.filter.title")}</span>
        <span className="max-md:hidden">{t("activity.filter.more")}</span>
      </Button>
      <Chosen address={address} onChange={onChange} />
      {open && (
        <Suspense>
          <FilterSheet address={address} onChange={onChange} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </div>
  );
}

/** The lists one chooses from most. */
function Choices({ address, onChange }: Props) {
  const { data } = useQuery(appsQuery());
  return (
    <>
      <Choice
        single
        label={t("activity.filter.app")}
        options={(data?.apps ?? []).map(({ id, label }) => ({ value: id, label }))}
        chosen={address.app ? [address.app] : []}
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
    </>
  );
}
