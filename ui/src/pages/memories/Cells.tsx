import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import type { ReactNode } from "react";
import type { MemoryItem } from "@/api/queries/memories";
import { AppName } from "@/components/AppName";
import { Time } from "@/components/Time";
import { count, t } from "@/i18n/t";
import { Categories, Readers, State } from "@/pages/memories/Badges";
import { CELLS } from "@/pages/memories/columns";

/** What says which memory a button is about. */
export function firstWords(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60).trimEnd()}…` : text;
}

interface CellProps {
  className?: string;
  label?: string;
  children?: ReactNode;
}

export function Cell({ className, label, children }: CellProps) {
  return (
    <div role="gridcell" aria-label={label} className={className}>
      {children}
    </div>
  );
}

interface CellsProps {
  item: MemoryItem;
  /** Deleted meanwhile. */
  gone: boolean;
  lines: 1 | 2;
  byUpdate: boolean;
}

function Text({ item, gone, lines }: Omit<CellsProps, "byUpdate">) {
  return (
    <Link
      to="/memories/$id"
      params={{ id: item.short_id ?? item.id }}
      search={true as never}
      tabIndex={-1}
      dir="auto"
      // The row sees to it, with its own way of leaving the list in place.
      onClick={(event) => event.ctrlKey || event.metaKey || event.preventDefault()}
      className={clsx(
        "block min-w-0 text-start",
        lines === 2 ? "line-clamp-2" : "truncate",
        gone && "text-soft line-through",
        item.state !== "active" && "text-soft",
      )}
    >
      {item.text}
    </Link>
  );
}

export function Columns({ item, gone, lines, byUpdate }: CellsProps) {
  return (
    <>
      <Cell className={CELLS.text}>
        <Text item={item} gone={gone} lines={lines} />
      </Cell>
      <Cell className={CELLS.app}>
        <AppName app={item.app} className="max-w-full text-soft" />
      </Cell>
      <Cell className={CELLS.categories}>
        <Categories item={item} most={1} />
      </Cell>
      <Cell className={CELLS.state}>
        <State item={item} gone={gone} />
      </Cell>
      <Cell className={CELLS.reads}>
        <span className={item.reads === 0 ? "text-faint" : "text-soft"}>{count(item.reads)}</span>
      </Cell>
      <Cell className={CELLS.readers}>
        <Readers item={item} />
      </Cell>
      <Cell className={CELLS.time}>
        <Time at={byUpdate ? item.updated_at : item.created_at} className="text-soft" />
      </Cell>
    </>
  );
}

export function TwoLines({ item, gone, lines, byUpdate }: CellsProps) {
  return (
    <Cell className="min-w-0 pe-3 md:pe-4">
      <Text item={item} gone={gone} lines={lines} />
      <div className="mt-0.5 flex min-w-0 items-center gap-x-2.5 overflow-hidden text-xs text-soft">
        <AppName app={item.app} className="max-w-36 shrink" />
        {(gone || item.state !== "active" || !item.indexed) && <State item={item} gone={gone} />}
        <Categories item={item} most={1} quiet />
        <span className="ms-auto flex shrink-0 items-center gap-2.5 tabular-nums">
          <span className="max-xs:hidden">
            {item.reads > 0
              ? t("memories.row.reads", { n: item.reads })
              : t("memories.row.neverRead")}
          </span>
          <Readers item={item} />
          <Time at={byUpdate ? item.updated_at : item.created_at} />
        </span>
      </div>
    </Cell>
  );
}

export function Waiting({ wide }: { wide: boolean }) {
  return (
    <>
      <Cell />
      <Cell label={t("common.loading")} className={wide ? CELLS.text : "pe-4"}>
        <div className="h-3.5 w-3/5 rounded bg-line" />
      </Cell>
    </>
  );
}
