/** What can be jumped to by some words: pages, memories and apps, and last a search for them. */

import type { AppOut } from "@/api/queries/apps";
import type { MemoryItem } from "@/api/queries/memories";
import { t } from "@/i18n/t";
import { PLACES } from "@/shell/places";

export type Memory = Pick<MemoryItem, "id" | "short_id" | "text" | "app">;
export type App = Pick<AppOut, "name" | "label" | "merged">;

export interface Option {
  key: string;
  label: string;
  /** Told behind the label: a memory's id, the name of an app that people call otherwise. */
  beside?: string;
  goal: { to: string; params?: Record<string, string>; search?: Record<string, string> };
}
export interface Group {
  title: string;
  options: Option[];
}
export interface Found {
  /** The one whose id the words are. */
  named?: Memory | undefined;
  memories: readonly Memory[];
  apps: readonly App[];
}

const MOST = 5;
const ID = /^(m[1-9]\d{0,17}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** The id of a memory that the words are, short or long; null where they are none. */
export function idIn(words: string): string | null {
  const id = words.trim().toLowerCase();
  return ID.test(id) ? id : null;
}

/** Those groups that have something for the words, without white space around them. */
export function groupsFor(words: string, { named, memories, apps }: Found): Group[] {
  const within = (text: string) => text.toLowerCase().includes(words.toLowerCase());
  const others = memories.filter(({ id }) => id !== named?.id).slice(0, MOST);
  const called = ({ name, label, merged }: App) => [name, label, ...merged].some(within);
  const groups = [
    { title: t("shell.pages"), options: PLACES.filter(({ title }) => within(title)).map(toPage) },
    { title: t("memories.title"), options: [...(named ? [named] : []), ...others].map(toMemory) },
    { title: t("apps.title"), options: apps.filter(called).slice(0, MOST).map(toApp) },
    { title: t("search.title"), options: [toSearch(words)] },
  ];
  const asked = words === "" ? groups.slice(0, 1) : groups;
  return asked.filter(({ options }) => options.length > 0);
}

const toPage = ({ title, to }: { title: string; to: string }): Option => ({
  key: to,
  label: title,
  goal: { to },
});

function toMemory({ id, short_id, text }: Memory): Option {
  const name = short_id ?? id;
  return {
    key: id,
    label: text,
    beside: name,
    goal: { to: "/memories/$id", params: { id: name } },
  };
}

const toApp = ({ name, label }: App): Option => ({
  key: `app ${name}`,
  label: label || name,
  ...(label && label !== name ? { beside: name } : {}),
  goal: { to: "/apps/$app", params: { app: name } },
});

const toSearch = (words: string): Option => ({
  key: "search",
  label: t("shell.jumpSearch", { query: words }),
  goal: { to: "/search", search: { q: words } },
});
