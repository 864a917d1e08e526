/** What the list is asked for, and how the address says it. Whatever an address says is checked. */

import type { ListWish, MemoryFilter, Sort } from "@/api/queries/memories";
import type { MemoryState } from "@/components/StateChip";

export const STATES: readonly MemoryState[] = ["active", "paused", "archived", "trashed"];
export const SORTS: readonly Sort[] = ["-created", "created", "-updated", "updated", "app", "-app"];

/** The address's parameters of this page; what is empty is left out of it. */
export const DEFAULTS = {
  state: [] as string[],
  app: [] as string[],
  category: [] as string[],
  text: "",
  from: "",
  to: "",
  never_read: false,
  readable_by: "",
  sort: "-created" as string,
  tab: "history" as string,
  edit: false,
};
export type Address = typeof DEFAULTS;

/** What is chosen on the page, as the address has it. */
export const NO_FILTERS = {
  state: [],
  app: [],
  category: [],
  text: "",
  from: "",
  to: "",
  never_read: false,
  readable_by: "",
} satisfies Partial<Address>;

const words = (value: unknown): string[] =>
  (Array.isArray(value) ? value : value === "" || value == null ? [] : [value]).map(String);

const word = (value: unknown): string => (value == null ? "" : String(value));

/** A day of the person's zone (or a moment) as the moment it starts, or ends if `next`. */
export function momentOf(value: unknown, next = false): string | undefined {
  const said = word(value);
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(said);
  const date = new Date(isDay ? `${said}T00:00:00` : said);
  if (Number.isNaN(date.getTime())) return undefined;
  if (isDay && next) date.setDate(date.getDate() + 1);
  return date.toISOString();
}

export function wishOf(address: Address): ListWish {
  const state = words(address.state).filter((each) => STATES.includes(each as MemoryState));
  const filter: MemoryFilter = {};
  if (state.length > 0) filter.state = state as MemoryState[];
  const app = words(address.app);
  if (app.length > 0) filter.app = app;
  const category = words(address.category);
  if (category.length > 0) filter.category = category;
  const text = word(address.text).trim();
  if (text) filter.text = text;
  const from = momentOf(address.from);
  if (from) filter.from = from;
  const to = momentOf(address.to, true);
  if (to) filter.to = to;
  if (address.never_read === true) filter.never_read = true;
  if (address.readable_by) filter.readable_by = word(address.readable_by);
  const sort = SORTS.includes(address.sort as Sort) ? (address.sort as Sort) : "-created";
  return { filter, sort };
}

/** How many kinds of filters narrow the list. */
export function narrowed({ filter }: ListWish): number {
  const { from, to, ...others } = filter;
  return Object.keys(others).length + (from || to ? 1 : 0);
}

/** The states that a list can have: where none is named, all but the trash. */
export function statesOf({ filter }: ListWish): MemoryState[] {
  return filter.state ?? ["active", "paused", "archived"];
}
