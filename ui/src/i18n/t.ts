/** Every word that a person reads, by key. A plural is an object of forms: {one, other}. */

import { en } from "@/i18n/en";

type Forms = { readonly one: string; readonly other: string };
type Leaf = string | Forms;
type Paths<T> = {
  [K in keyof T & string]: T[K] extends Leaf ? K : `${K}.${Paths<T[K]>}`;
}[keyof T & string];
export type Key = Paths<typeof en>;
export type Values = Record<string, string | number>;

const LANGUAGE = "en";
const plural = new Intl.PluralRules(LANGUAGE);
const number = new Intl.NumberFormat(LANGUAGE);
const list = new Intl.ListFormat(LANGUAGE, { type: "conjunction" });

export function t(key: Key, values: Values = {}): string {
  const found = key.split(".").reduce<unknown>((at, part) => (at as never)[part], en) as Leaf;
  const form = typeof found === "string" ? found : found[pluralForm(values.n)];
  return form.replaceAll(/\{(\w+)\}/g, (_, name: string) => shown(values[name]));
}

export const count = (n: number): string => number.format(n);
export const listed = (parts: string[]): string => list.format(parts);

function pluralForm(n: string | number | undefined): keyof Forms {
  return plural.select(Number(n ?? 0)) === "one" ? "one" : "other";
}

function shown(value: string | number | undefined): string {
  return typeof value === "number" ? number.format(value) : (value ?? "");
}
