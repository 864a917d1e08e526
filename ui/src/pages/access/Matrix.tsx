import { Users } from "lucide-react";
import type { Matrix as MatrixOut, RulesOut } from "@/api/queries/access";
import { AppName } from "@/components/AppName";
import { Chip } from "@/components/Chip";
import { count, t } from "@/i18n/t";
import { CellBody, cellInWords } from "@/pages/access/CellBody";
import { type Column, type MatrixRow, rowsOf } from "@/pages/access/cells";
import type { Draft } from "@/pages/access/draft";
import { ANY } from "@/pages/access/rows";
import type { useGrid } from "@/pages/access/useGrid";

interface Props {
  matrix: MatrixOut;
  columns: Column[];
  rules: RulesOut;
  draft: Draft;
  labels: ReadonlyMap<string, string>;
  grid: ReturnType<typeof useGrid>;
  /** What is open in the editor. */
  open: { app: string; column: string };
  onOpen: (app: string, column: string) => void;
}

/** Apps by groups of memories: who can see what. */
export function Matrix(props: Props) {
  const { matrix, columns, rules, draft, grid } = props;
  const { ref, onKeyDown } = { ref: grid.table, onKeyDown: grid.onKeyDown };
  return (
    <div className="max-h-[calc(100dvh-9rem)] scroll-ps-60 scroll-pt-16 overflow-auto rounded-card border border-line bg-surface">
      <table
        ref={ref}
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: WAI-ARIA's grid pattern on a real table
        role="grid"
        aria-label={t("access.matrix")}
        onKeyDown={onKeyDown}
        className="w-full border-separate border-spacing-0.5 text-sm"
      >
        <thead>
          <tr>
            <th scope="col" className="sticky start-0 top-0 z-20 bg-surface px-3 py-2 text-start">
              {t("access.app")}
            </th>
            {columns.map((column) => (
              <Head key={column.name} column={column} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rowsOf(matrix, columns, rules, draft).map((row, at) => (
            <Line key={row.app} {...props} row={row} at={at} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Head({ column }: { column: Column }) {
  return (
    <th
      scope="col"
      className="sticky top-0 z-10 max-w-40 bg-surface px-2 py-1.5 text-start align-bottom font-medium"
    >
      <bdi className="block truncate" title={column.label}>
        {column.label}
      </bdi>
      <span className="block text-2xs font-normal text-faint">{count(column.total)}</span>
    </th>
  );
}

function Line({ row, at, columns, labels, grid, open, onOpen }: Props & LineProps) {
  const name = row.app === ANY ? t("common.anyApp") : (labels.get(row.app) ?? row.app);
  const opened = (column: string) => open.app === row.app && open.column === column;
  const enter = (column: string) => (event: React.KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    onOpen(row.app, column);
  };
  return (
    <tr>
      <th
        scope="row"
        {...grid.place(at, 0)}
        tabIndex={grid.stop(at, 0)}
        aria-selected={opened("")}
        onClick={() => onOpen(row.app, "")}
        onKeyDown={enter("")}
        className={`${CELL} sticky start-0 z-10 max-w-56 bg-surface px-3 text-start font-normal hover:bg-sunken aria-selected:bg-accent-soft`}
      >
        <RowHead row={row} name={name} />
      </th>
      {row.cells.map((cell, place) => {
        const column = columns[place];
        if (!column) return null;
        const body = { ...cell, paused: row.paused };
        return (
          <td
            // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: as the table
            role="gridcell"
            key={column.name}
            {...grid.place(at, place + 1)}
            tabIndex={grid.stop(at, place + 1)}
            aria-selected={opened(column.name)}
            onClick={() => onOpen(row.app, column.name)}
            onKeyDown={enter(column.name)}
            className={`${CELL} aria-selected:outline-2 aria-selected:outline-accent`}
          >
            <CellBody {...body} words={cellInWords(name, column.label, body)} />
          </td>
        );
      })}
    </tr>
  );
}

interface LineProps {
  row: MatrixRow;
  at: number;
}
const CELL = "cursor-pointer rounded-md p-0 align-middle focus-visible:outline-offset-0";

/** The app of a row, and where its rights come from. */
export function RowHead({ row, name }: { row: MatrixRow; name: string }) {
  return (
    <span className="flex min-h-10 min-w-0 items-center gap-2">
      {row.app === ANY ? (
        <span className="inline-flex min-w-0 items-center gap-1.5 font-medium">
          <Users aria-hidden className="size-5 shrink-0 text-soft" />
          <span className="truncate">{name}</span>
        </span>
      ) : (
        <AppName app={row.app} label={name} />
      )}
      {row.paused && <Chip tone="warn">{t("common.state.paused")}</Chip>}
      {row.drafted && <Chip tone="accent">{t("access.drafted")}</Chip>}
      {row.app !== ANY && !row.inherit && !row.paused && !row.drafted && (
        <Chip>{t("access.ownRow")}</Chip>
      )}
    </span>
  );
}
