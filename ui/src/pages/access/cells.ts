/** The matrix as it is drawn: the server's counts, with the marks of rules and of the draft. */

import type { By, Matrix, RulesOut } from "@/api/queries/access";
import type { Subject } from "@/components/rules";
import { t } from "@/i18n/t";
import type { Cell } from "@/pages/access/CellBody";
import type { Draft } from "@/pages/access/draft";
import {
  columnName,
  type Effect,
  effectiveRow,
  effectOn,
  storedRow,
  subjectOf,
} from "@/pages/access/rows";

export interface Column {
  /** As the address names it. */
  name: string;
  label: string;
  total: number;
  /** What a rule about it is about; null where no rule can be. */
  subject: Subject | null;
}

export interface MatrixRow {
  app: string;
  inherit: boolean;
  paused: boolean;
  blocked: boolean;
  /** In the draft itself. */
  drafted: boolean;
  cells: { cell: Cell; effect: Effect; drafted: boolean }[];
}

/** All memories first, then the groups as the server orders them; empty ones without a label not. */
export function columnsOf(matrix: Matrix, by: By, labels: ReadonlyMap<string, string>): Column[] {
  const all = matrix.apps[0]?.whole.total ?? 0;
  const shown = matrix.columns.filter(({ kind, total }) => kind === "label" || total > 0);
  return [
    { name: "all", label: t("access.allMemories"), total: all, subject: subjectOf("all", by) },
    ...shown.map((group) => {
      const name = columnName(group);
      const value = group.value ?? "";
      const said = by === "app" ? (labels.get(value) ?? value) : value;
      const rest = group.kind === "none" ? (`none.${by}` as const) : "undecided";
      const label = group.kind === "label" ? said : t(`access.column.${rest}`);
      return { name, label, total: group.total, subject: subjectOf(name, by) };
    }),
  ];
}

/** The server's cells in the order of the columns that are shown. */
export function rowsOf(
  matrix: Matrix,
  columns: Column[],
  rules: RulesOut,
  draft: Draft,
): MatrixRow[] {
  const places = new Map(matrix.columns.map((group, place) => [columnName(group), place]));
  return matrix.apps.map((row) => {
    const now = storedRow(rules, row.app);
    const next = effectiveRow(rules, draft, row.app);
    const cells = columns.map(({ name, subject }) => {
      const cell = row.cells[places.get(name) ?? -1] ?? row.whole;
      const effect = strongest(next, subject);
      return { cell, effect, drafted: marks(now, subject) !== marks(next, subject) };
    });
    const { app, inherit, paused, blocked } = row;
    return { app, inherit, paused, blocked, drafted: app in draft, cells };
  });
}

/** One cell as the server counts it; null for an app or a group that it leaves out. */
export function cellAt(matrix: Matrix, app: string, column: string) {
  const row = matrix.apps.find((each) => each.app === app);
  const place = matrix.columns.findIndex((group) => columnName(group) === column);
  const cell = column === "all" ? row?.whole : row?.cells[place];
  return row && cell ? { cell, paused: row.paused } : null;
}

type Row = ReturnType<typeof storedRow>;

function strongest(row: Row, subject: Subject | null): Effect {
  if (subject === null) return "inherit";
  const [read, write] = [effectOn(row, "read", subject), effectOn(row, "write", subject)];
  return read === "inherit" ? write : read;
}

function marks(row: Row, subject: Subject | null): string {
  if (subject === null) return "";
  return `${effectOn(row, "read", subject)} ${effectOn(row, "write", subject)}`;
}
