import { useQuery } from "@tanstack/react-query";
import { SlidersHorizontal } from "lucide-react";
import { useId, useState } from "react";
import { appsQuery } from "@/api/queries/apps";
import { meQuery } from "@/api/queries/me";
import { facetsQuery } from "@/api/queries/memories";
import { nameOfApp } from "@/components/AppName";
import { Choice } from "@/components/Choice";
import { t } from "@/i18n/t";
import { ACTIVE, type Address, tuned } from "@/pages/search/address";
import { Tuning } from "@/pages/search/Tuning";
import type { Change } from "@/pages/search/useSearchAddress";

interface Props {
  address: Address;
  onChange: Change;
  onFlip: (signal: string) => void;
}

/** Whose answer, and from which memories; how it is made is one step away. */
export function Controls({ address, onChange, onFlip }: Props) {
  const changed = tuned(address);
  const [open, setOpen] = useState(changed > 0);
  const id = useId();
  return (
    <div className="mb-5 grid gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <AsWhom address={address} onChange={onChange} />
        <Narrowing address={address} onChange={onChange} />
        <button
          type="button"
          aria-expanded={open}
          aria-controls={id}
          onClick={() => setOpen(!open)}
          className="inline-flex min-h-8 items-center gap-1.5 rounded-full border border-edge/60 bg-surface px-3 text-sm text-soft hover:bg-sunken aria-expanded:bg-sunken aria-expanded:text-ink max-md:min-h-11"
        >
          <SlidersHorizontal aria-hidden className="size-3.5" />
          {changed > 0 ? t("search.tuned", { n: changed }) : t("search.tune")}
        </button>
      </div>
      <div id={id} hidden={!open}>
        <Tuning address={address} onChange={onChange} onFlip={onFlip} />
      </div>
    </div>
  );
}

function AsWhom({ address, onChange }: Omit<Props, "onFlip">) {
  const { data: me } = useQuery(meQuery);
  const { data } = useQuery({ ...appsQuery(), enabled: me?.can.manage === true });
  const known = (data?.apps ?? []).map(({ name, label }) => ({ value: name, label }));
  const given = address.as !== "" && !known.some(({ value }) => value === address.as);
  const apps = given ? [...known, { value: address.as, label: address.as }] : known;
  if (apps.length === 0) return null;
  // As oneself is how it is, not a filter that is set.
  const asMe = address.as === "";
  return (
    <Choice
      single
      label={t(asMe ? "search.asMe" : "search.as")}
      options={asMe ? apps : [{ value: "", label: t("search.me") }, ...apps]}
      chosen={asMe ? [] : [address.as]}
      onChange={([as]) => onChange({ as: as ?? "" })}
    />
  );
}

function Narrowing({ address, onChange }: Omit<Props, "onFlip">) {
  const { data } = useQuery(facetsQuery(ACTIVE));
  const apps = (data?.apps ?? []).map(({ value, count }) => ({
    value: value ?? "",
    label: nameOfApp(value),
    n: count,
  }));
  const categories = (data?.categories ?? []).map(({ value, count }) => ({
    value: value ?? "",
    label: value ?? t("search.undecided"),
    n: count,
  }));
  return (
    <>
      <Choice
        label={t("search.writtenBy")}
        options={apps}
        chosen={address.app}
        onChange={(app) => onChange({ app })}
      />
      <Choice
        label={t("search.category")}
        options={categories}
        chosen={address.category}
        onChange={(category) => onChange({ category })}
      />
    </>
  );
}
