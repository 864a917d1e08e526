/** A search as a program would ask it. Each way leaves out what it cannot say, and tells. */

import { type Address, startOf } from "@/pages/search/address";

export const WAYS = ["mcp", "curl", "python"] as const;
export type Way = (typeof WAYS)[number];
export type LeftOut = "threshold" | "filters" | "writer" | "signals";

export interface Copy {
  text: string;
  leftOut: LeftOut[];
}

interface Place {
  /** The server's address, without a slash at the end. */
  base: string;
  user: string;
  keyNeeded: boolean;
}

const MOST_OF_TOOL = 50;
const KEY = "YOUR-KEY";

export function copyOf(way: Way, address: Address, place: Place): Copy {
  if (way === "mcp") return mcp(address);
  const text = way === "curl" ? curl(address, place) : python(address, place);
  return { text, leftOut: leftOut(address, { writer: address.app.length > 0 }) };
}

function mcp(address: Address): Copy {
  const { q, k, app, category, from, threshold } = address;
  const params = {
    name: "search_memory",
    arguments: { query: q.trim(), limit: Math.min(k, MOST_OF_TOOL) },
  };
  const text = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }, null, 2);
  const filters = category.length > 0 || from !== "";
  return {
    text,
    leftOut: leftOut(address, { threshold: threshold > 0, filters, writer: app.length > 0 }),
  };
}

function leftOut(address: Address, more: Partial<Record<LeftOut, boolean>>): LeftOut[] {
  const all = { ...more, signals: address.off.length > 0 };
  return (Object.keys(all) as LeftOut[]).filter((name) => all[name]);
}

function wanted(address: Address, user: string) {
  const parts: object[] = [{ user_id: user }];
  if (address.category.length > 0) parts.push(inCategories(address.category));
  if (address.from) parts.push({ created_at: { gte: startOf(address.from) } });
  return {
    query: address.q.trim(),
    filters: parts.length > 1 ? { AND: parts } : parts[0],
    top_k: address.k,
    threshold: address.threshold,
  };
}

/** The empty name is "undecided", which the filters of the API say as "has none". */
function inCategories(names: string[]): object {
  const named = names.filter(Boolean);
  const undecided = { NOT: { categories: "*" } };
  if (named.length === names.length) return { categories: { in: named } };
  return named.length === 0 ? undecided : { OR: [{ categories: { in: named } }, undecided] };
}

function headersOf({ as }: Address, { keyNeeded }: Place): Record<string, string> {
  return {
    ...(keyNeeded ? { Authorization: `Bearer ${KEY}` } : {}),
    ...(as ? { "X-OpenMemory-App": as } : {}),
  };
}

function curl(address: Address, place: Place): string {
  const headers = { "Content-Type": "application/json", ...headersOf(address, place) };
  const lines = [
    `curl ${quoted(`${place.base}/v3/memories/search/`)}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    `-d ${quoted(JSON.stringify(wanted(address, place.user)))}`,
  ];
  return lines.join(" \\\n  ");
}

/** For a POSIX shell: nothing inside of single quotes means anything. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function python(address: Address, place: Place): string {
  const headers = headersOf(address, place);
  const lines = [
    "import httpx",
    "",
    "answer = httpx.post(",
    `    ${JSON.stringify(`${place.base}/v3/memories/search/`)},`,
    ...(Object.keys(headers).length > 0 ? [`    headers=${literal(headers)},`] : []),
    `    json=${literal(wanted(address, place.user))},`,
    ")",
    'for memory in answer.raise_for_status().json()["results"]:',
    '    print(memory["score"], memory["memory"])',
  ];
  return lines.join("\n");
}

/** JSON without true, false and null is Python too. */
function literal(value: object): string {
  return JSON.stringify(value, null, 4).replaceAll("\n", "\n    ");
}
