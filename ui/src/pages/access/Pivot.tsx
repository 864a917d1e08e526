import type { Matrix, RulesOut } from "@/api/queries/access";
import { Field, Select } from "@/components/Field";
import { t } from "@/i18n/t";
import { CellBody, cellInWords } from "@/pages/access/CellBody";
import { type Column, rowsOf } from "@/pages/access/cells";
import type { Draft } from "@/pages/access/draft";
import { RowHead } from "@/pages/access/Matrix";
import { ANY } from "@/pages/access/rows";

interface Props {
  matrix: Matrix;
  columns: Column[];
  rules: RulesOut;
  draft: Draft;
  labels: ReadonlyMap<string, string>;
  /** Whose row is shown. */
  app: string;
  onApp: (app: string) => void;
  onOpen: (app: string, column: string) => void;
}

/** The matrix where there is no room for it: one app at a time. */
export function Pivot({ matrix, columns, rules, draft, labels, app, onApp, onOpen }: Props) {
  const rows = rowsOf(matrix, columns, rules, draft);
  const row = rows.find((each) => each.app === app) ?? rows[0];
  if (!row) return null;
  const nameOf = (each: string) => (each === ANY ? t("common.anyApp") : (labels.get(each) ?? each));
  const name = nameOf(row.app);
  return (
    <div className="grid gap-3">
      <Field label={t("access.app")}>
        {(box) => (
          <Select {...box} value={row.app} onChange={(event) => onApp(event.target.value)}>
            {rows.map((each) => (
              <option key={each.app} value={each.app}>
                {nameOf(each.app)}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <button
        type="button"
        onClick={() => onOpen(row.app, "")}
        className="min-h-11 rounded-card border border-line bg-surface px-3 text-start"
      >
        <span className="sr-only">{t("access.edit")} </span>
        <RowHead row={row} name={name} />
      </button>
      <ul className="grid gap-1 rounded-card border border-line bg-surface p-1">
        {row.cells.map((cell, place) => {
          const column = columns[place];
          if (!column) return null;
          const body = { ...cell, paused: row.paused };
          return (
            <li key={column.name}>
              <button
                type="button"
                onClick={() => onOpen(row.app, column.name)}
                className="grid min-h-11 w-full grid-cols-[1fr_minmax(8rem,50%)] items-center gap-2 rounded-md ps-2 text-start"
              >
                <bdi className="truncate">{column.label}</bdi>
                <CellBody {...body} words={cellInWords(name, column.label, body)} />
              </button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
