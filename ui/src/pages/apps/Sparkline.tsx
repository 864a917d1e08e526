import type { AppDays } from "@/api/queries/apps";
import { t } from "@/i18n/t";
import { callsInWords, sumsOf } from "@/pages/apps/known";

const HEIGHT = 24;
const BAR = 3;
const STEP = 4;
const LEAST = 2;
const DAYS = 30;

/** Thirty days as bars: what it read, and on top of that what it wrote. */
export function Sparkline({ days }: { days: AppDays | undefined }) {
  const said = t("apps.days", { calls: callsInWords(sumsOf(days)) });
  const { reads = [], writes = [] } = days ?? {};
  const most = Math.max(1, ...reads.map((n, day) => n + (writes[day] ?? 0)));
  const tall = (n: number) => (n === 0 ? 0 : Math.max(LEAST, (n / most) * (HEIGHT - 1)));
  return (
    <svg
      role="img"
      aria-label={said}
      viewBox={`0 0 ${DAYS * STEP} ${HEIGHT}`}
      width={DAYS * STEP}
      height={HEIGHT}
      className="max-w-full shrink-0"
    >
      <title>{said}</title>
      <path d={`M0 ${HEIGHT - 0.5}H${DAYS * STEP}`} className="stroke-line" />
      {Array.from({ length: DAYS }, (_, day) => {
        const [read, written] = [tall(reads[day] ?? 0), tall(writes[day] ?? 0)];
        const bar = { x: day * STEP, width: BAR };
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a day is its place
          <g key={day}>
            <rect {...bar} y={HEIGHT - read} height={read} className="fill-meaning" />
            <rect {...bar} y={HEIGHT - read - written} height={written} className="fill-words" />
          </g>
        );
      })}
    </svg>
  );
}
