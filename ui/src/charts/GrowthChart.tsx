import { useState } from "react";
import { Figure } from "@/charts/Figure";
import { GrowthDrawing, LEFT } from "@/charts/GrowthDrawing";
import { GrowthKey } from "@/charts/GrowthKey";
import {
  bucketText,
  type Growth,
  growthSummary,
  growthTable,
  type Measure,
  type Series,
} from "@/charts/growth";
import { Inspect } from "@/charts/Inspect";
import { Readout } from "@/charts/Readout";
import { useWidth } from "@/charts/useWidth";
import { Segmented } from "@/components/Segmented";
import { t } from "@/i18n/t";

interface Props {
  growth: Growth;
  /** Leads to the memories of a bucket, or of a series. */
  onOpen: (bucket: number | null, series: Series | null) => void;
  className?: string;
}

const MEASURES = [
  { value: "new", label: t("charts.growth.new") },
  { value: "total", label: t("charts.growth.total") },
] as const;

const within = (place: number, length: number) => Math.max(0, Math.min(length - 1, place));

/** C1: memories over time, each app in its hue and with its name. */
export function GrowthChart({ growth, onOpen, className }: Props) {
  const [measure, setMeasure] = useState<Measure>("new");
  const [at, setAt] = useState<number | null>(null);
  const [series, setSeries] = useState<number | null>(null);
  const [box, width] = useWidth<HTMLDivElement>();
  const { buckets, series: all } = growth;
  const last = buckets.length - 1;

  const move = (dx: number, dy: number) => {
    if (dx !== 0) setAt(within((at ?? (dx > 0 ? -1 : last + 1)) + dx, buckets.length));
    // The last series is on top.
    if (dy !== 0) setSeries(within((series ?? (dy > 0 ? all.length : -1)) - dy, all.length));
  };
  const point = (place: { x: number } | null) => {
    const step = (width - LEFT) / buckets.length;
    setAt(place && within(Math.floor((place.x - LEFT) / step), buckets.length));
    setSeries(null);
  };
  const chosen = series === null ? null : (all[series] ?? null);
  const shown = chosen ? { ...growth, series: [chosen] } : growth;
  const text = at === null ? "" : bucketText(shown, measure, at);
  const open = () => onOpen(at, chosen);
  return (
    <Figure
      title={t("charts.growth.title")}
      summary={growthSummary(growth)}
      table={growthTable(growth, measure)}
      className={className}
      controls={
        <Segmented
          bare
          label={t("charts.growth.measure")}
          options={[...MEASURES]}
          value={measure}
          onChange={setMeasure}
        />
      }
    >
      <div className="grid gap-x-4 gap-y-2 sm:grid-cols-[1fr_auto]">
        <div ref={box} className="min-w-0">
          <Inspect
            label={t("charts.growth.label")}
            at={at ?? last}
            last={last}
            text={text || growthSummary(growth)}
            onMove={move}
            onPoint={point}
            onOpen={open}
          >
            <GrowthDrawing {...{ growth, measure, width, at, series }} />
          </Inspect>
        </div>
        <GrowthKey
          series={all}
          measure={measure}
          chosen={series}
          onPoint={setSeries}
          onOpen={(each) => onOpen(null, each)}
        />
      </div>
      <Readout text={text} open={t("charts.growth.open")} onOpen={open} />
    </Figure>
  );
}
