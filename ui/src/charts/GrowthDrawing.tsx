import { area, curveMonotoneX } from "d3-shape";
import { fillsOf } from "@/charts/colours";
import {
  bucketName,
  type Growth,
  heightOf,
  type Layer,
  layersOf,
  type Measure,
} from "@/charts/growth";
import { type Scale, scaleOf } from "@/charts/scale";
import { useHues } from "@/components/hues";
import { count } from "@/i18n/t";

export const LEFT = 34;
const HEIGHT = 224;
const TOP = 8;
const BOTTOM = 22;
const LABEL_WIDTH = 84;
const WIDEST_BAR = 44;

interface Props {
  growth: Growth;
  measure: Measure;
  width: number;
  /** The bucket and the series under the cursor. */
  at: number | null;
  series: number | null;
}

/** Bars of what is new in each bucket, or areas of all that was there. */
export function GrowthDrawing({ growth, measure, width, at, series }: Props) {
  const layers = layersOf(growth.series, measure);
  const fills = fillsOf(
    growth.series.map(({ app }) => app),
    useHues(),
  );
  // Nothing is wide before it is measured.
  const step = Math.max(0, width - LEFT) / Math.max(1, growth.buckets.length);
  const y = scaleOf(Math.max(4, heightOf(layers)), 3, HEIGHT - BOTTOM, TOP);
  return (
    <svg aria-hidden="true" width={width} height={HEIGHT} className="block overflow-visible">
      {at !== null && (
        <rect
          x={LEFT + at * step}
          y={TOP}
          width={step}
          height={HEIGHT - BOTTOM - TOP}
          className="fill-sunken"
        />
      )}
      <Grid y={y} width={width} />
      {growth.series.map((each, place) => (
        <g
          key={each.kind + each.label}
          style={{ fill: fills[place], opacity: series === null || series === place ? 1 : 0.3 }}
        >
          {measure === "new" ? (
            <Bars layers={layers[place] ?? []} step={step} y={y} />
          ) : (
            <path d={outline(layers[place] ?? [], step, y)} className="stroke-surface" />
          )}
        </g>
      ))}
      <Buckets buckets={growth.buckets} step={step} width={width} />
    </svg>
  );
}

function Grid({ y, width }: { y: Scale; width: number }) {
  return y.ticks.map((tick) => (
    <g key={tick} transform={`translate(0 ${y.at(tick)})`}>
      <line x1={LEFT} x2={width} className="stroke-line" />
      <text x={LEFT - 6} dy="0.32em" textAnchor="end" className="fill-faint text-2xs">
        {count(tick)}
      </text>
    </g>
  ));
}

function Bars({ layers, step, y }: { layers: Layer[]; step: number; y: Scale }) {
  const thick = Math.min(WIDEST_BAR, Math.max(1, step * 0.76));
  return layers.map(({ low, high }, bucket) =>
    high > low ? (
      <rect
        // biome-ignore lint/suspicious/noArrayIndexKey: buckets do not move
        key={bucket}
        x={LEFT + bucket * step + (step - thick) / 2}
        width={thick}
        y={y.at(high)}
        // A hair of ground between two apps, so that they part without their colours.
        height={Math.max(1, y.at(low) - y.at(high) - (low > 0 ? 1 : 0))}
      />
    ) : null,
  );
}

function outline(layers: Layer[], step: number, y: Scale): string {
  const drawn = area<Layer>()
    .x((_, edge) => LEFT + edge * step)
    .y0(({ low }) => y.at(low))
    .y1(({ high }) => y.at(high))
    .curve(curveMonotoneX);
  return drawn(layers) ?? "";
}

function Buckets({ buckets, step, width }: { buckets: string[]; step: number; width: number }) {
  const every = Math.ceil(LABEL_WIDTH / step);
  return buckets.map((from, bucket) => {
    const x = LEFT + bucket * step + 2;
    if (bucket % every !== 0 || x + LABEL_WIDTH > width + 12) return null;
    return (
      <text key={from} x={x} y={HEIGHT - 6} className="fill-faint text-2xs">
        {bucketName(buckets, bucket)}
      </text>
    );
  });
}
