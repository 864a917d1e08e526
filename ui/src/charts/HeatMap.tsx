import { useState } from "react";
import { Figure } from "@/charts/Figure";
import { cellHeight, HeatDrawing, LEFT } from "@/charts/HeatDrawing";
import {
  cellText,
  DAYS,
  HEAT_KINDS,
  type Heat,
  type HeatKind,
  HOURS,
  heatSummary,
  heatTable,
} from "@/charts/heat";
import { Inspect } from "@/charts/Inspect";
import { Readout } from "@/charts/Readout";
import { useWidth } from "@/charts/useWidth";
import { Segmented } from "@/components/Segmented";
import { t } from "@/i18n/t";

type Spot = readonly [day: number, hour: number];
interface Props {
  heat: Heat;
  kind: HeatKind;
  onKind: (kind: HeatKind) => void;
  /** The day and hour that a filter has. */
  chosen?: Spot | null;
  onOpen: (kind: HeatKind, day: number, hour: number) => void;
  className?: string;
}

const KINDS = HEAT_KINDS.map((value) => ({ value, label: t(`charts.heat.${value}`) }));
const within = (place: number, length: number) => Math.max(0, Math.min(length - 1, place));

/** C2: when agents call, by day of the week and hour. */
export function HeatMap({ heat, kind, onKind, chosen = null, onOpen, className }: Props) {
  const [at, setAt] = useState<Spot | null>(null);
  const [box, width] = useWidth<HTMLDivElement>();
  const grid = heat[kind];
  const [day, hour] = at ?? [0, 0];
  const move = (dx: number, dy: number) =>
    setAt(at ? [within(day + dy, DAYS), within(hour + dx, HOURS)] : (chosen ?? [0, 0]));
  const point = (place: { x: number; y: number } | null) => {
    if (place === null) return setAt(null);
    const column = Math.floor(((place.x - LEFT) / (width - LEFT)) * HOURS);
    setAt([within(Math.floor(place.y / cellHeight(width)), DAYS), within(column, HOURS)]);
  };
  const text = at ? cellText(kind, day, hour, grid[day]?.[hour] ?? 0) : "";
  const open = () => at && onOpen(kind, day, hour);
  return (
    <Figure
      title={t("charts.heat.title")}
      summary={heatSummary(heat, kind)}
      table={heatTable(heat, kind)}
      className={className}
      controls={
        <Segmented
          bare
          label={t("charts.heat.kind")}
          options={KINDS}
          value={kind}
          onChange={onKind}
        />
      }
    >
      <div ref={box} className="min-w-0">
        <Inspect
          label={t("charts.heat.label", { kind: t(`charts.heat.${kind}`) })}
          at={day * HOURS + hour}
          last={DAYS * HOURS - 1}
          text={text || heatSummary(heat, kind)}
          onMove={move}
          onPoint={point}
          onOpen={open}
        >
          <HeatDrawing {...{ grid, kind, width, at, chosen }} />
        </Inspect>
      </div>
      <Readout text={text} open={t("charts.heat.open")} onOpen={open} />
    </Figure>
  );
}
