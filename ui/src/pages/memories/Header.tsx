import clsx from "clsx";
import { ArrowDown, ArrowUp } from "lucide-react";
import type { Sort } from "@/api/queries/memories";
import { t } from "@/i18n/t";
import { CELLS, COLUMNS } from "@/pages/memories/columns";

interface Props {
  sort: Sort;
  onSort: (sort: Sort) => void;
}

/** The names of the columns; three of them sort. Reached from the first row by the arrow key. */
export function Header({ sort, onSort }: Props) {
  const time = sort.endsWith("updated") ? "updated" : "created";
  const head = { sort, onSort };
  return (
    <div role="rowgroup">
      <div
        role="row"
        aria-rowindex={1}
        className={clsx(
          "grid min-h-9 items-center border-b border-line bg-sunken text-xs font-medium text-soft",
          COLUMNS,
        )}
      >
        <Head className="sr-only" name={t("memories.column.select")} />
        <Head className={clsx(CELLS.text, "col-start-2")} name={t("memories.column.text")} />
        <SortHead {...head} by="app" className={CELLS.app} />
        <Head className={CELLS.categories} name={t("memories.column.categories")} />
        <Head className={CELLS.state} name={t("memories.column.state")} />
        <Head className={CELLS.reads} name={t("memories.column.reads")} />
        <Head className={CELLS.readers} name={t("memories.column.readers")} />
        <SortHead {...head} by={time} className={CELLS.time} />
      </div>
    </div>
  );
}

function Head({ className, name }: { className: string; name: string }) {
  return (
    <div role="columnheader" className={className}>
      {name}
    </div>
  );
}

function SortHead(props: Props & { by: "app" | "created" | "updated"; className: string }) {
  const { sort, by, onSort } = props;
  const up = sort === by;
  const down = sort === `-${by}`;
  const Arrow = up ? ArrowUp : ArrowDown;
  // Times are first asked for newest first, names from A on.
  const first: Sort = by === "app" ? "app" : `-${by}`;
  const next: Sort = up ? `-${by}` : down ? by : first;
  return (
    <div
      role="columnheader"
      aria-sort={up ? "ascending" : down ? "descending" : "none"}
      className={props.className}
    >
      <button
        type="button"
        tabIndex={-1}
        data-sort={by}
        onClick={() => onSort(next)}
        className={clsx(
          "inline-flex min-h-8 items-center gap-1 rounded px-1 -mx-1 hover:text-ink",
          (up || down) && "text-ink",
        )}
      >
        {t(`memories.column.${by}`)}
        {(up || down) && <Arrow aria-hidden className="size-3" />}
      </button>
    </div>
  );
}
