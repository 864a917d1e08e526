import { ChartColumn, Table2 } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import { type Table, toCsv } from "@/charts/csv";
import { IconButton } from "@/components/Button";
import { CopyButton } from "@/components/CopyButton";
import { count, t } from "@/i18n/t";

interface Props {
  title: string;
  /** What it shows, in a sentence made from the data. */
  summary: string;
  /** The same as a table. */
  table: Table;
  controls?: ReactNode;
  className?: string;
  children: ReactNode;
}

/** The frame of every chart: its caption, what it says in words, and the numbers behind it. */
export function Figure({ title, summary, table, controls, className, children }: Props) {
  const [tabled, setTabled] = useState(false);
  return (
    <figure className={`min-w-0 rounded-card border border-line bg-surface p-4 ${className ?? ""}`}>
      <div className="mb-3 flex flex-wrap items-start gap-x-3 gap-y-2">
        <figcaption className="min-w-48 flex-1">
          <h2 className="text-sm font-semibold">{title}</h2>
          <p className="text-soft">{summary}</p>
        </figcaption>
        <div className="flex flex-wrap items-center gap-1">
          {controls}
          <IconButton
            icon={tabled ? ChartColumn : Table2}
            label={t(tabled ? "charts.showChart" : "charts.showTable", { title })}
            onClick={() => setTabled(!tabled)}
          />
          <CopyButton text={toCsv(table)} label={t("charts.copyCsv", { title })} />
        </div>
      </div>
      {tabled ? <Numbers title={title} table={table} /> : children}
    </figure>
  );
}

function Numbers({ title, table }: { title: string; table: Table }) {
  const id = useId();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section aria-labelledby={id} tabIndex={0} className="max-h-80 overflow-auto">
      <table className="w-full text-xs">
        <caption id={id} className="sr-only">
          {title}
        </caption>
        <thead className="sticky top-0 bg-surface">
          <tr>
            {table.head.map((name, column) => (
              <th
                key={name}
                scope="col"
                className={`px-2 py-1.5 font-semibold whitespace-nowrap ${column === 0 ? "text-start" : "text-end"}`}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, place) => (
            <tr key={row[0]} className="border-t border-line">
              <th scope="row" className="px-2 py-1 text-start font-normal whitespace-nowrap">
                {table.names?.[place] ?? row[0]}
              </th>
              {row.slice(1).map((value, column) => (
                <td key={table.head[column + 1]} className="px-2 py-1 text-end">
                  {typeof value === "number" ? count(value) : value}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
