import { defaultRangeExtractor, useVirtualizer } from "@tanstack/react-virtual";
import {
  type KeyboardEvent,
  type MouseEvent,
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useRef,
} from "react";
import type { ListWindow, Sort } from "@/api/queries/memories";
import { t } from "@/i18n/t";
import { heightOf, linesOf } from "@/pages/memories/columns";
import { Header } from "@/pages/memories/Header";
import { Row } from "@/pages/memories/Row";
import { isChosen, type Selection } from "@/pages/memories/selection";
import { type GridKeys, stepFor } from "@/pages/memories/stepFor";
import { type Mark, shownMark } from "@/pages/memories/useLiveRows";
import { useLongPress } from "@/pages/memories/useLongPress";
import { useRows } from "@/pages/memories/useRows";
import { usePreferences } from "@/preferences";

export type Rows = ReturnType<typeof useRows>;

export interface GridHandle {
  rows: Rows;
  /** Brings the keyboard to a row. */
  goTo: (index: number, focus?: boolean) => void;
  scrollToTop: () => void;
}

interface Props {
  ref: Ref<GridHandle>;
  head: ListWindow;
  wide: boolean;
  selection: Selection;
  marks: ReadonlyMap<string, Mark>;
  openId: string | undefined;
  /** The row that the keyboard is at. */
  at: number;
  top: number;
  onAt: (index: number) => void;
  onTop: (top: number) => void;
  onSort: (sort: Sort) => void;
  onPick: (index: number, event: MouseEvent) => void;
  onFlip: (index: number, event: MouseEvent) => void;
  keys: GridKeys;
}

/** The list as a grid of any length: one stop of the Tab key, arrow keys inside. */
export function Grid({ ref, head, wide, selection, marks, openId, at, ...on }: Props) {
  const { density } = usePreferences();
  const height = heightOf(density, wide);
  const scroller = useRef<HTMLDivElement>(null);
  const wantsFocus = useRef(false);
  const reached = Math.min(at, Math.max(0, head.total - 1));
  const virtual = useVirtualizer({
    count: head.total,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 6,
    initialOffset: on.top,
    // The row that has the focus stays, however far one scrolls away.
    rangeExtractor: useCallback(
      (range: Parameters<typeof defaultRangeExtractor>[0]) =>
        [...new Set([reached, ...defaultRangeExtractor(range)])].sort((a, b) => a - b),
      [reached],
    ),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows were measured with the old height
  useEffect(() => virtual.measure(), [height]);

  const shown = virtual.getVirtualItems();
  const { startIndex, endIndex } = virtual.range ?? { startIndex: 0, endIndex: 0 };
  const rows = useRows(head, startIndex, endIndex);

  const goTo = (index: number, focus = true) => {
    const next = Math.max(0, Math.min(head.total - 1, index));
    wantsFocus.current = focus;
    on.onAt(next);
    virtual.scrollToIndex(next);
    if (next === reached) takeFocus();
  };
  const takeFocus = () => {
    if (!wantsFocus.current) return;
    wantsFocus.current = false;
    scroller.current
      ?.querySelector<HTMLElement>(`[data-index="${reached}"]`)
      ?.focus({ preventScroll: true });
  };
  useEffect(takeFocus, [reached]);

  const longPress = useLongPress(on.keys.flip);
  const scrollToTop = () => virtual.scrollToOffset(0);
  useImperativeHandle(ref, () => ({ rows, goTo, scrollToTop }));

  const press = (event: KeyboardEvent) => {
    const page = Math.max(1, endIndex - startIndex - 1);
    const step = stepFor(event, { at: reached, total: head.total, page }, on.keys);
    if (step === undefined) return;
    event.preventDefault();
    if (step !== null) goTo(step);
  };

  return (
    <div
      role="grid"
      aria-label={t("memories.list")}
      aria-rowcount={head.total + (wide ? 1 : 0)}
      aria-multiselectable
      onKeyDown={press}
      className="flex min-h-0 flex-1 flex-col overflow-hidden rounded-card border border-line bg-surface"
    >
      {wide && <Header sort={head.wish.sort} onSort={on.onSort} />}
      <div
        ref={scroller}
        role="rowgroup"
        data-testid="rows"
        {...longPress}
        onScroll={({ currentTarget: box }) => box.clientHeight > 0 && on.onTop(box.scrollTop)}
        className="min-h-0 flex-1 overflow-y-auto overflow-x-hidden overscroll-contain [overflow-anchor:none] [-webkit-touch-callout:none]"
      >
        <div role="presentation" style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {shown.map(({ index, start, key }) => {
            const row = rows.rowAt(index);
            return (
              <Row
                key={key}
                item={row?.item}
                index={index}
                start={start}
                height={height}
                wide={wide}
                lines={linesOf(density)}
                chosen={row !== undefined && isChosen(selection, row.item.id)}
                open={openId !== undefined && [row?.item.id, row?.item.short_id].includes(openId)}
                reached={index === reached}
                mark={row && shownMark(marks.get(row.item.id), row.at)}
                byUpdate={head.wish.sort.endsWith("updated")}
                onPick={on.onPick}
                onFlip={on.onFlip}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}
