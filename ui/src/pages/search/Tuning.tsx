import { t } from "@/i18n/t";
import { type Address, SIGNALS } from "@/pages/search/address";
import { NumberBox } from "@/pages/search/NumberBox";
import type { Change } from "@/pages/search/useSearchAddress";

interface Props {
  address: Address;
  onChange: Change;
  onFlip: (signal: string) => void;
}

const BOXED =
  "inline-flex min-h-8 items-center gap-1.5 rounded-full border border-edge/60 bg-surface px-3 text-sm text-soft max-md:min-h-11";

/** How the answer is made: how much of it, from when on, and by which evidence. */
export function Tuning({ address, onChange, onFlip }: Props) {
  return (
    <div className="flex flex-wrap items-center gap-2">
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
      <label className={BOXED}>
        {t("search.since")}
        <input
          type="date"
          value={address.from}
          onChange={(event) => onChange({ from: event.target.value })}
          className="bg-transparent text-ink"
        />
      </label>
    </div>
  );
}
