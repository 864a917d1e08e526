import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowUp, ListX, Plug } from "lucide-react";
import { useRef, useState } from "react";
import type { Call, CallFilter } from "@/api/queries/activity";
import { Answer, Lines } from "@/components/Answer";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { t } from "@/i18n/t";
import type { Interval } from "@/pages/activity/filters";
import { Row } from "@/pages/activity/Row";
import { useCalls } from "@/pages/activity/useCalls";
import { useWalk } from "@/pages/activity/useWalk";

const ROW = 48;
const AT_TOP = 40;

interface Props {
  /** Who looks: calls of others say whose they are. */
  me: string;
  filter: CallFilter;
  intervals: Interval[];
  live: boolean;
  narrowed: boolean;
  onClear: () => void;
}

/** The list of calls; what comes while one reads further down waits behind a button. */
export function Calls({ me, filter, intervals, live, narrowed, onClear }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const [atTop, setAtTop] = useState(true);
  const [open, setOpen] = useState<number | null>(null);
  const following = live && atTop && open === null;
  const { query, rows, waiting, refresh } = useCalls(filter, intervals, following);
  const rowsShown = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    getItemKey: (place) => rows[place]?.id ?? place,
    overscan: 8,
  });
  const scrolled = () => {
    const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = box.current ?? {};
    setAtTop(scrollTop < AT_TOP);
    const near = scrollHeight - scrollTop - clientHeight < clientHeight;
    if (near && query.hasNextPage && !query.isFetching) void query.fetchNextPage();
  };
  const walk = useWalk(list, rows.length, (index) => rowsShown.scrollToIndex(index));
  const showNew = () => void refresh().then(() => box.current?.scrollTo({ top: 0 }));
  return (
    <div ref={box} onScroll={scrolled} className="relative min-h-0 flex-1 overflow-y-auto">
      {waiting > 0 && (
        <Button icon={ArrowUp} onClick={showNew} className="sticky top-2 z-10 mx-auto flex">
          {t("activity.waiting", { n: waiting })}
        </Button>
      )}
      <Answer query={query} skeleton={<Lines n={12} className="h-10" />}>
        {() =>
          rows.length === 0 ? (
            <Nothing narrowed={narrowed} onClear={onClear} />
          ) : (
            <ul
              ref={list}
              aria-label={t("activity.list")}
              onKeyDown={walk}
              className="relative"
              style={{ height: rowsShown.getTotalSize() }}
            >
              {rowsShown.getVirtualItems().map(({ key, index, start }) => {
                const call = rows[index] as Call;
                return (
                  <li
                    key={key}
                    ref={rowsShown.measureElement}
                    data-index={index}
                    aria-setsize={query.hasNextPage ? -1 : rows.length}
                    aria-posinset={index + 1}
                    className="absolute inset-x-0 top-0"
                    style={{ transform: `translateY(${start}px)` }}
                  >
                    <Row
                      call={call}
                      me={me}
                      open={open === call.id}
                      onToggle={() => setOpen(open === call.id ? null : call.id)}
                    />
                  </li>
                );
              })}
            </ul>
          )
        }
      </Answer>
      {query.hasNextPage && (
        <Button onClick={() => void query.fetchNextPage()} disabled={query.isFetching}>
          {t("activity.older")}
        </Button>
      )}
      {!query.hasNextPage && query.data?.pages.at(-1)?.next && (
        <p className="p-3 text-soft">{t("activity.oldest")}</p>
      )}
    </div>
  );
}

function Nothing({ narrowed, onClear }: { narrowed: boolean; onClear: () => void }) {
  if (narrowed) {
    return (
      <Empty
        icon={ListX}
        title={t("activity.empty.noMatch.title")}
        text={t("activity.empty.noMatch.text")}
      >
        <Button onClick={onClear}>{t("common.clearFilters")}</Button>
      </Empty>
    );
  }
  return (
    <Empty
      icon={Plug}
      title={t("activity.empty.nothing.title")}
      text={t("activity.empty.nothing.text")}
    >
      <Link
        to="/connect"
        className="inline-flex min-h-9 items-center text-accent underline max-md:min-h-11"
      >
        {t("activity.empty.connect")}
      </Link>
    </Empty>
  );
}
