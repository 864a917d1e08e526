/** Times as people read them, in their zone. The server speaks UTC. */

const LANGUAGE = "en-GB";
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
const moment = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "short" });
const clock = new Intl.DateTimeFormat(LANGUAGE, { timeStyle: "medium" });
const day = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium" });

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function ago(iso: string, now = Date.now()): string {
  const seconds = (Date.parse(iso) - now) / 1000;
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return relative.format(0, "second");
}

export const absolute = (iso: string): string => moment.format(new Date(iso));
export const timeOfDay = (iso: string | number): string => clock.format(new Date(iso));
export const dayOf = (iso: string): string => day.format(new Date(iso));

export function duration(ms: number): string {
  return ms < 1000
    ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
    : `${(ms / 1000).toFixed(1)} s`;
}
