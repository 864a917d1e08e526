import clsx from "clsx";
import { Check } from "lucide-react";
import { type MouseEvent, memo } from "react";
import type { MemoryItem } from "@/api/queries/memories";
import { t } from "@/i18n/t";
import { Cell, Columns, firstWords, TwoLines, Waiting } from "@/pages/memories/Cells";
import { COLUMNS } from "@/pages/memories/columns";
import type { Mark } from "@/pages/memories/useLiveRows";

export interface RowProps {
  item: MemoryItem | undefined;
  index: number;
  /** In pixels from the top of the list. */
  start: number;
  height: number;
  /** In columns; else in two lines. */
  wide: boolean;
  lines: 1 | 2;
  chosen: boolean;
  open: boolean;
  /** The one row that the Tab key comes to. */
  reached: boolean;
  mark: Mark["kind"] | undefined;
  byUpdate: boolean;
  onPick: (index: number, event: MouseEvent) => void;
  onFlip: (index: number, event: MouseEvent) => void;
}

/** One memory in the list. Until it has come, its place is kept. */
export const Row = memo(function Row(props: RowProps) {
  const { item, index, start, height, wide, chosen, open, reached, mark } = props;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys
    <div
      role="row"
      aria-rowindex={index + (wide ? 2 : 1)}
      aria-selected={chosen}
      aria-current={open || undefined}
      data-index={index}
      tabIndex={reached ? 0 : -1}
      style={{ height, transform: `translateY(${start}px)` }}
      onClick={(event) => item && props.onPick(index, event)}
      className={clsx(
        "absolute inset-x-0 top-0 grid cursor-pointer items-center border-b border-line -outline-offset-2",
        wide ? COLUMNS : "grid-cols-[2.75rem_minmax(0,1fr)]",
        open ? "bg-accent-soft" : chosen ? "bg-accent-soft/60" : "bg-surface hover:bg-sunken",
        mark === "flash" && "animate-flash",
        mark === "arrive" && "animate-arrive",
      )}
    >
      {item ? <Cells {...props} item={item} /> : <Waiting wide={wide} />}
    </div>
  );
});

function Cells(props: RowProps & { item: MemoryItem }) {
  const { item, index, wide, chosen, mark } = props;
  const gone = mark === "gone";
  return (
    <>
      <Cell className="grid place-items-center">
        <button
          type="button"
          role="checkbox"
          tabIndex={-1}
          aria-checked={chosen}
          aria-label={t("memories.row.select", { text: firstWords(item.text) })}
          onClick={(event) => {
            event.stopPropagation();
            props.onFlip(index, event);
          }}
          className="grid size-8 place-items-center rounded-md max-md:size-11"
        >
          <span
            className={clsx(
              "grid size-4 place-items-center rounded border",
              chosen ? "border-accent bg-accent text-accent-ink" : "border-edge bg-surface",
            )}
          >
            {chosen && <Check aria-hidden className="size-3" strokeWidth={3} />}
          </span>
        </button>
      </Cell>
      {wide ? <Columns {...props} gone={gone} /> : <TwoLines {...props} gone={gone} />}
    </>
  );
}
