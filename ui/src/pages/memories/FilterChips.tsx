import { useQuery } from "@tanstack/react-query";
import clsx from "clsx";
import { facetsQuery } from "@/api/queries/memories";
import { nameOfApp } from "@/components/AppName";
import { Choice } from "@/components/Choice";
import type { MemoryState } from "@/components/StateChip";
import { t } from "@/i18n/t";
import { DateChoice } from "@/pages/memories/DateChoice";
import type { FilterProps } from "@/pages/memories/FilterBar";
import { STATES } from "@/pages/memories/filters";

/** The choices of the filter, each with how many memories it would leave. */
export function FilterChips({ address, wish, onChange }: FilterProps) {
  const { data } = useQuery(facetsQuery(wish.filter));
  const { filter } = wish;
  const apps = withChosen(data?.apps ?? [], filter.app ?? []);
  const categories = withChosen(data?.categories ?? [], filter.category ?? []);
  const readers = withChosen(
    (data?.apps ?? []).filter(({ value }) => value !== null),
    filter.readable_by ? [filter.readable_by] : [],
  );
  const push = { replace: false };
  return (
    <>
      <Choice<MemoryState>
        label={t("memories.filter.state")}
        options={STATES.map((value) => ({
          value,
          label: t(`common.state.${value}`),
          n: data?.states[value],
        }))}
        chosen={filter.state ?? []}
        onChange={(state) => onChange({ state }, push)}
      />
      <Choice
        label={t("memories.filter.app")}
        options={apps.map(({ value, n }) => ({ value, n, label: nameOfApp(value || null) }))}
        chosen={filter.app ?? []}
        onChange={(app) => onChange({ app }, push)}
      />
      <Choice
        label={t("memories.filter.category")}
        options={categories.map(({ value, n }) => ({
          value,
          n,
          label: value || t("memories.filter.undecided"),
        }))}
        chosen={filter.category ?? []}
        onChange={(category) => onChange({ category }, push)}
      />
      <DateChoice
        from={String(address.from)}
        to={String(address.to)}
        onChange={(dates) => onChange(dates, push)}
      />
      <Choice
        single
        label={t("memories.filter.readableBy")}
        options={readers.map(({ value }) => ({ value, label: nameOfApp(value) }))}
        chosen={filter.readable_by ? [filter.readable_by] : []}
        onChange={([readable_by]) => onChange({ readable_by: readable_by ?? "" }, push)}
      />
      <button
        type="button"
        aria-pressed={filter.never_read === true}
        onClick={() => onChange({ never_read: filter.never_read !== true }, push)}
        className={clsx(
          "inline-flex min-h-8 items-center rounded-full border px-3 text-sm max-md:min-h-11",
          filter.never_read
            ? "border-accent bg-accent-soft text-accent"
            : "border-edge/60 bg-surface text-soft hover:bg-sunken",
        )}
      >
        {t("memories.filter.neverRead")}
      </button>
    </>
  );
}

/** What is chosen can be taken back, though no memory has it now. The empty name: none, undecided. */
function withChosen(facets: { value: string | null; count: number }[], chosen: string[]) {
  const found = facets.map(({ value, count }) => ({ value: value ?? "", n: count }));
  const missing = chosen.filter((value) => !found.some((each) => each.value === value));
  return [...found, ...missing.map((value) => ({ value, n: 0 }))];
}
