import clsx from "clsx";
import { fillsOf } from "@/charts/colours";
import { type Measure, type Series, sum, valuesOf } from "@/charts/growth";
import { useHues } from "@/components/hues";
import { count, t } from "@/i18n/t";

interface Props {
  series: Series[];
  measure: Measure;
  chosen: number | null;
  onPoint: (place: number | null) => void;
  onOpen: (series: Series) => void;
}

/** The names of the layers beside them, the topmost first; each leads to what it stands for. */
export function GrowthKey({ series, measure, chosen, onPoint, onOpen }: Props) {
  const fills = fillsOf(
    series.map(({ app }) => app),
    useHues(),
  );
  return (
    <ul className="flex flex-wrap content-start gap-x-1 sm:w-44 sm:flex-col sm:flex-nowrap">
      {series
        .map((each, place) => (
          <li key={each.kind + each.label} className="min-w-0 max-sm:max-w-full">
            <button
              type="button"
              onClick={() => onOpen(each)}
              onPointerEnter={() => onPoint(place)}
              onPointerLeave={() => onPoint(null)}
              className={clsx(
                "flex min-h-7 w-full min-w-0 items-center gap-2 rounded-md px-1.5 text-start text-xs hover:bg-sunken max-md:min-h-11",
                chosen === place && "bg-sunken",
              )}
            >
              <span
                aria-hidden
                className="size-2.5 shrink-0 rounded-xs"
                style={{ background: fills[place] }}
              />
              <bdi className="truncate">
                {each.kind === "other" ? t("charts.growth.other") : each.label}
              </bdi>
              <span className="ms-auto ps-2 text-soft tabular-nums">
                {count(figureOf(each, measure))}
              </span>
            </button>
          </li>
        ))
        .reverse()}
    </ul>
  );
}

function figureOf(series: Series, measure: Measure): number {
  return measure === "new" ? sum(series.counts) : (valuesOf(series, "total").at(-1) ?? 0);
}
