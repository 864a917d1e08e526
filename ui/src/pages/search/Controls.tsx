import { useQuery } from "@tanstack/react-query";
import { appsQuery } from "@/api/queries/apps";
import { meQuery } from "@/api/queries/me";
import { facetsQuery } from "@/api/queries/memories";
import { nameOfApp } from "@/components/AppName";
import { Choice } from "@/components/Choice";
import { t } from "@/i18n/t";
import { ACTIVE, type Address, SIGNALS } from "@/pages/search/address";
import { NumberBox } from "@/pages/search/NumberBox";
import type { Change } from "@/pages/search/useSearchAddress";

interface Props {
  address: Address;
  onChange: Change;
  onFlip: (signal: string) => void;
}

const BOXED =
  "inline-flex min-h-8 items-center gap-1.5 rounded-full border border-edge/60 bg-surface px-3 text-sm text-soft max-md:min-h-11";

/** Whose answer, how much of it, from which memories, and by which evidence. */
export function Controls({ address, onChange, onFlip }: Props) {
  return (
    <div className="mb-5 flex flex-wrap items-center gap-2">
      <AsWhom address={address} onChange={onChange} />
      <NumberBox
        label={t("search.results")}
        value={address.k}
        most={100}
        least={1}
        step={1}
        onChange={(k) => onChange({ k })}
      />
      <NumberBox
        label={t("search.threshold")}
        value={address.threshold}
        most={1}
        least={0}
        step={0.05}
        onChange={(threshold) => onChange({ threshold })}
      />
      <Narrowing address={address} onChange={onChange} />
      <fieldset className="flex gap-2">
        <legend className="sr-only">{t("search.signals")}</legend>
        {SIGNALS.map((name) => (
          <label key={name} className={BOXED}>
            <input
              type="checkbox"
              className="size-4 accent-accent"
              checked={!address.off.includes(name)}
              onChange={() => onFlip(name)}
            />
            {t(`search.signal.${name}`)}
          </label>
        ))}
      </fieldset>
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
  return (
    <Choice
      single
      label={t("search.as")}
      options={[{ value: "", label: t("search.me") }, ...apps]}
      chosen={[address.as]}
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
      <label className={BOXED}>
        {t("search.since")}
        <input
          type="date"
          value={address.from}
          onChange={(event) => onChange({ from: event.target.value })}
          className="bg-transparent text-ink"
        />
      </label>
    </>
  );
}
