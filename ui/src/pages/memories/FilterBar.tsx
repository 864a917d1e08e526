import { useQuery } from "@tanstack/react-query";
import clsx from "clsx";
import { ListFilter } from "lucide-react";
import { useEffect, useState } from "react";
import { facetsQuery, type ListWish, type Sort } from "@/api/queries/memories";
import { Button } from "@/components/Button";
import { Choice } from "@/components/Choice";
import { Dialog } from "@/components/Dialog";
import { Input } from "@/components/Field";
import { count, t } from "@/i18n/t";
import { FilterChips } from "@/pages/memories/FilterChips";
import { type Address, NO_FILTERS, narrowed, SORTS } from "@/pages/memories/filters";
import { FILTER_BOX } from "@/pages/memories/useListKeys";

export interface FilterProps {
  address: Address;
  wish: ListWish;
  onChange: (next: Partial<Address>, options?: { replace?: boolean }) => void;
}

const TYPING_MS = 200;

/** What narrows the list. On a phone the choices are in a sheet. */
export function FilterBar({ phone, ...filters }: FilterProps & { phone: boolean }) {
  const { wish, onChange } = filters;
  const [sheet, setSheet] = useState(false);
  const n = narrowed(wish) - (wish.filter.text ? 1 : 0);
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2">
      <TextFilter {...filters} />
      {phone ? (
        <Button icon={ListFilter} onClick={() => setSheet(true)}>
          {t("memories.filter.label")}
          {n > 0 && <span className="font-semibold text-accent tabular-nums">{n}</span>}
        </Button>
      ) : (
        <FilterChips {...filters} />
      )}
      {!phone && <SortChoice {...filters} />}
      {!phone && narrowed(wish) > 0 && (
        <Button
          look="quiet"
          className="min-h-8"
          onClick={() => onChange(NO_FILTERS, { replace: false })}
        >
          {t("common.clearFilters")}
        </Button>
      )}
      {sheet && <Sheet {...filters} onClose={() => setSheet(false)} />}
    </div>
  );
}

function Sheet({ onClose, ...filters }: FilterProps & { onClose: () => void }) {
  const { data } = useQuery(facetsQuery(filters.wish.filter));
  return (
    <Dialog open sheet onClose={onClose} title={t("memories.filter.sheet")}>
      <div className="flex flex-wrap items-center gap-2">
        <FilterChips {...filters} />
        <SortChoice {...filters} />
      </div>
      <div className="mt-6 flex flex-wrap gap-2">
        <Button look="primary" onClick={onClose}>
          {t("memories.filter.apply", { count: data ? count(data.total) : "" })}
        </Button>
        <Button look="quiet" onClick={() => filters.onChange(NO_FILTERS, { replace: false })}>
          {t("common.clearFilters")}
        </Button>
      </div>
    </Dialog>
  );
}

/** Goes into the address when one stops typing for a moment. */
function TextFilter({ address, onChange }: FilterProps) {
  const held = String(address.text);
  const [typed, setTyped] = useState(held);
  useEffect(() => setTyped(held), [held]);
  useEffect(() => {
    if (typed === held) return;
    const timer = setTimeout(() => onChange({ text: typed }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, held, onChange]);
  return (
    <Input
      id={FILTER_BOX}
      type="search"
      dir="auto"
      aria-label={t("memories.filter.text")}
      placeholder={t("memories.filter.text")}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
      className={clsx("max-md:flex-1 md:max-w-56", "max-md:min-w-40")}
    />
  );
}

function SortChoice({ wish, onChange }: FilterProps) {
  const options = SORTS.map((value) => ({ value, label: t(`memories.sort.${value}`) }));
  return (
    <Choice<Sort>
      single
      label={t("memories.filter.sort")}
      options={options}
      chosen={wish.sort === "-created" ? [] : [wish.sort]}
      onChange={([sort]) => onChange({ sort: sort ?? "-created" })}
    />
  );
}
