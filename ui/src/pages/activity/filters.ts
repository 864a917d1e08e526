/** What the address asks of the log, as the log is asked. Whatever an address says is checked. */

import type { CallFilter, Outcome } from "@/api/queries/activity";
import { type ActivityAddress, KINDS, OUTCOMES, parseSlot } from "@/pages/activity/address";

export interface Interval {
  since?: string;
  until?: string;
}

const DAYS: Record<string, number> = { "7d": 7, "30d": 30, "90d": 90 };
const WEEKS_AT_MOST = 60;

/** Where a range begins, as the overview counts it: with an hour, or with a day of the viewer. */
export function startOf(range: string, now: Date): Date | null {
  if (range === "24h") {
    const hour = new Date(now);
    hour.setMinutes(0, 0, 0);
    return new Date(hour.getTime() - 23 * 3_600_000);
  }
  const days = DAYS[range];
  if (days === undefined) return null;
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - days + 1);
}

const dayOf = (said: string, later: number): Date | null => {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(said);
  return found && new Date(Number(found[1]), Number(found[2]) - 1, Number(found[3]) + later);
};

/** The times that are asked for, newest first: one, or an hour of each week. */
export function intervalsOf(address: ActivityAddress, keptDays: number, now: Date): Interval[] {
  const since = dayOf(String(address.from), 0) ?? startOf(String(address.range), now);
  const until = dayOf(String(address.to), 1);
  const slot = parseSlot(address.slot);
  if (slot === null) return [{ since: since?.toISOString(), until: until?.toISOString() }];
  const oldest = since ?? new Date(now.getTime() - (keptDays || WEEKS_AT_MOST * 7) * 86_400_000);
  return hoursOf(slot, oldest, until && until < now ? until : now);
}

function hoursOf([day, hour]: readonly [number, number], oldest: Date, newest: Date): Interval[] {
  const found: Interval[] = [];
  const date = new Date(newest.getFullYear(), newest.getMonth(), newest.getDate());
  // Monday is the first day of the map and the second of JavaScript.
  date.setDate(date.getDate() - ((date.getDay() - 1 - day + 14) % 7));
  for (; found.length < WEEKS_AT_MOST && date >= new Date(oldest.getTime() - 86_400_000); ) {
    const [from, to] = [new Date(date), new Date(date)];
    from.setHours(hour);
    to.setHours(hour + 1);
    if (from < to && from <= newest && to > oldest) {
      found.push({ since: from.toISOString(), until: to.toISOString() });
    }
    date.setDate(date.getDate() - 7);
  }
  return found;
}

export function filterOf(address: ActivityAddress, user: string): CallFilter {
  const said = (name: keyof ActivityAddress) => String(address[name]).trim() || undefined;
  const kind = KINDS.find((each) => each === address.kind);
  const outcome = OUTCOMES.find((each: Outcome) => each === address.outcome);
  return {
    ...(address.everyone === true ? {} : { user_id: user }),
    ...(address.looks === true ? {} : { looks: false }),
    ...(kind && { kind }),
    ...(outcome && { outcome }),
    ...(said("app") && { app: said("app") }),
    ...(said("operation") && { operation: said("operation") }),
    ...(said("memory") && { memory_id: said("memory") }),
    ...(said("key") && { key_id: said("key") }),
    ...(said("q") && { q: said("q") }),
  };
}
