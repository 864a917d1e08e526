import { type MouseEvent, useCallback, useEffect, useRef } from "react";
import type { ListWindow, Sort } from "@/api/queries/memories";
import { BulkBar } from "@/pages/memories/BulkBar";
import { statesOf } from "@/pages/memories/filters";
import { Grid, type GridHandle } from "@/pages/memories/Grid";
import type { Rights } from "@/pages/memories/operations";
import { isNone } from "@/pages/memories/selection";
import { useListKeys } from "@/pages/memories/useListKeys";
import { type News, useLiveRows } from "@/pages/memories/useLiveRows";
import { useSelection } from "@/pages/memories/useSelection";

interface Props {
  head: ListWindow;
  /** The entry of the browser's history: what is chosen and where one is belongs to it. */
  entry: string;
  wide: boolean;
  /** Hidden by an open memory, where there is no room for both. */
  hidden: boolean;
  openId: string | undefined;
  can: Rights;
  onOpen: (id: string | null, edit?: boolean) => void;
  onSort: (sort: Sort) => void;
  onNews: (news: News, show: () => void) => void;
}

const TOP_PX = 8;

/** A list with what is chosen in it, its keys, and what happens to it meanwhile. */
export function List({ head, entry, wide, hidden, openId, can, onOpen, onSort, onNews }: Props) {
  const grid = useRef<GridHandle>(null);
  const { selection, at, top, now, flip, extend, ...choose } = useSelection(entry, grid);

  const isResting = () =>
    top.current < TOP_PX &&
    !hidden &&
    isNone(now.current.selection) &&
    head.wish.sort === "-created";
  const showsTrash = statesOf(head.wish).includes("trashed");
  const { marks, news, show } = useLiveRows({ isResting, showsTrash });
  const showNews = useCallback(() => {
    grid.current?.scrollToTop();
    show();
  }, [show]);
  useEffect(() => onNews(news, showNews), [news, showNews, onNews]);

  // Back from a memory: to the row it was opened from, unless one is somewhere else already.
  const was = useRef({ hidden, openId });
  useEffect(() => {
    const { current: before } = was;
    was.current = { hidden, openId };
    const closed = before.openId !== undefined && openId === undefined;
    if (!closed) return;
    const timer = setTimeout(() => {
      const nowhere = document.activeElement === document.body;
      if (before.hidden || nowhere) grid.current?.goTo(now.current.at);
    }, 0);
    return () => clearTimeout(timer);
  }, [hidden, openId, now]);

  const itemAt = useCallback((index: number) => grid.current?.rows.rowAt(index)?.item, []);
  const loaded = useCallback(() => grid.current?.rows.loaded() ?? [], []);
  const open = useCallback(
    (index: number) => {
      const item = itemAt(index);
      if (item) onOpen(item.short_id ?? item.id);
    },
    [itemAt, onOpen],
  );
  const { setAt } = choose;
  const pick = useCallback(
    (index: number, event: MouseEvent) => {
      // A new tab is the browser's; its link says what it shows.
      if (event.ctrlKey || event.metaKey) return;
      if (event.shiftKey) void extend(index);
      else open(index);
      setAt(index);
    },
    [extend, open, setAt],
  );
  const flipOrExtend = useCallback(
    (index: number, event: MouseEvent) => (event.shiftKey ? void extend(index) : flip(index)),
    [extend, flip],
  );

  useListKeys({
    at,
    goTo: (index) => grid.current?.goTo(index),
    itemAt,
    loaded,
    selection,
    flip,
    clear: choose.clear,
    all: choose.all,
    openId,
    onOpen,
    can,
    wish: head.wish,
    showNews,
  });

  return (
    <>
      <Grid
        ref={grid}
        head={head}
        wide={wide}
        selection={selection}
        marks={marks}
        openId={openId}
        at={at}
        top={choose.startTop}
        onAt={setAt}
        onTop={(offset) => {
          top.current = offset;
        }}
        onSort={onSort}
        onPick={pick}
        onFlip={flipOrExtend}
        keys={{ open, flip, extend: (index) => void extend(index) }}
      />
      <BulkBar
        selection={selection}
        head={head}
        can={can}
        loaded={loaded}
        onAll={choose.all}
        onClear={choose.clear}
      />
    </>
  );
}
