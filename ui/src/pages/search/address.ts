/** What a search is, as its address says it: whoever gets the link sees the same. */

import type { Schemas } from "@/api/client";
import type { SearchBody } from "@/api/queries/search";

export const SIGNALS = ["semantic", "bm25"] as const;
export type Switch = (typeof SIGNALS)[number];

/** Paused and archived memories are no app's to find; "why not" says so of each. */
export const ACTIVE: Schemas["DashboardFilterBody"] = {
  state: ["active"],
  app: [],
  category: [],
  never_read: false,
};

export const DEFAULTS = {
  q: "",
  as: "",
  k: 10,
  threshold: 0,
  app: [] as string[],
  category: [] as string[],
  from: "",
  /** Kinds of evidence that are switched off. */
  off: [] as string[],
  /** The memory that is missed. */
  why: "",
};
export type Address = typeof DEFAULTS;

/** An address as somebody may have typed it: a number for a text, one value for a list. */
export function cleaned(given: Partial<Record<keyof Address, unknown>>): Address {
  return {
    q: text(given.q),
    as: text(given.as),
    k: between(given.k, 1, 100, DEFAULTS.k, Math.round),
    threshold: between(given.threshold, 0, 1, DEFAULTS.threshold),
    app: texts(given.app),
    category: texts(given.category),
    from: day(text(given.from)),
    off: texts(given.off).filter((name) => SIGNALS.includes(name as Switch)),
    why: text(given.why),
  };
}

export function bodyOf(address: Address): SearchBody {
  const { app, category, from } = address;
  const narrows = isNarrowed(address);
  return {
    query: address.q.trim(),
    as_app: address.as || null,
    top_k: address.k,
    threshold: address.threshold,
    signals: { semantic: !address.off.includes("semantic"), bm25: !address.off.includes("bm25") },
    filters: narrows ? { ...ACTIVE, app, category, from: from ? startOf(from) : null } : null,
  };
}

/** The first moment of a day, in the zone of whoever looks. */
export function startOf(day: string): string {
  return new Date(`${day}T00:00`).toISOString();
}

export function isNarrowed({ app, category, from }: Address): boolean {
  return app.length > 0 || category.length > 0 || from !== "";
}

/** How many things of how the answer is made are not as tools have them. */
export function tuned({ k, threshold, from, off }: Address): number {
  return [k !== DEFAULTS.k, threshold !== DEFAULTS.threshold, from !== "", ...off].filter(Boolean)
    .length;
}

/** The memory that a text names: its id, its short id, or its address; else nothing. */
export function memoryIn(given: string): string | undefined {
  const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i.exec(given)?.[0];
  return uuid ?? /^(?:\S*\/memories\/)?(m\d+)\/?$/i.exec(given.trim())?.[1]?.toLowerCase();
}

function text(value: unknown): string {
  return value === undefined || value === null ? "" : String(value);
}

function texts(value: unknown): string[] {
  return value === undefined ? [] : [value].flat().map(String);
}

function day(value: string): string {
  return /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)) ? value : "";
}

function between(
  value: unknown,
  least: number,
  most: number,
  otherwise: number,
  round = (n: number) => n,
): number {
  const n = value === undefined || value === "" ? Number.NaN : Number(value);
  return Number.isNaN(n) ? otherwise : Math.min(Math.max(round(n), least), most);
}
