import { DAYS, type HeatKind, HOURS, level, most, shortDay } from "@/charts/heat";

export const LEFT = 36;
const BOTTOM = 20;
const GAP = 2;
const LOWEST = 18;
const HIGHEST = 30;
/** From this width on, a cell has room for its number. */
const NUMBERED = 20;
const STRENGTHS = [0, 12, 28, 45, 92];

interface Props {
  grid: number[][];
  kind: HeatKind;
  width: number;
  /** Day and hour under the cursor, and those that a filter has. */
  at: readonly [number, number] | null;
  chosen: readonly [number, number] | null;
}

export const cellHeight = (width: number): number =>
  Math.min(HIGHEST, Math.max(LOWEST, (width - LEFT) / HOURS));

/** Seven days by 24 hours; the darker, the more calls, with their number where it fits. */
export function HeatDrawing({ grid, kind, width, at, chosen }: Props) {
  const wide = Math.max(0, width - LEFT) / HOURS;
  const high = cellHeight(width);
  const highest = most(grid);
  const hue = kind === "denied" ? "var(--color-bad)" : "var(--color-accent)";
  const marked = (place: Props["at"], day: number, hour: number) =>
    place?.[0] === day && place[1] === hour;
  return (
    <svg aria-hidden="true" width={width} height={high * DAYS + BOTTOM} className="block">
      {grid.map((hours, day) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: days do not move
        <g key={day} transform={`translate(0 ${day * high})`}>
          <text x={0} y={high / 2} dy="0.35em" className="fill-faint text-2xs">
            {shortDay(day)}
          </text>
          {hours.map((n, hour) => {
            const strength = level(n, highest);
            const outline = marked(at, day, hour) || marked(chosen, day, hour);
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: hours do not move
              <g key={hour} transform={`translate(${LEFT + hour * wide} 0)`}>
                <rect
                  x={GAP / 2}
                  y={GAP / 2}
                  width={Math.max(1, wide - GAP)}
                  height={high - GAP}
                  rx={3}
                  className={outline ? "stroke-ink stroke-2" : ""}
                  style={{ fill: shade(hue, strength) }}
                />
                {n > 0 && wide >= NUMBERED && n < 1000 && (
                  <text
                    x={wide / 2}
                    y={high / 2}
                    dy="0.35em"
                    textAnchor="middle"
                    className={`text-2xs tabular-nums ${strength === 4 ? "fill-accent-ink" : "fill-ink"}`}
                  >
                    {n}
                  </text>
                )}
              </g>
            );
          })}
        </g>
      ))}
      <Hours wide={wide} y={DAYS * high + 14} />
    </svg>
  );
}

function shade(hue: string, strength: number): string {
  if (strength === 0) return "color-mix(in oklab, var(--color-line) 55%, var(--color-surface))";
  return `color-mix(in oklab, ${hue} ${STRENGTHS[strength]}%, var(--color-surface))`;
}

function Hours({ wide, y }: { wide: number; y: number }) {
  const every = wide < 14 ? 6 : 3;
  return Array.from({ length: HOURS / every }, (_, step) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: hours do not move
    <text key={step} x={LEFT + step * every * wide + 1} y={y} className="fill-faint text-2xs">
      {String(step * every).padStart(2, "0")}
    </text>
  ));
}
