/** Tables as text that a spreadsheet opens, and takes for nothing more. */

export type Cell = string | number;
export interface Table {
  head: string[];
  rows: Cell[][];
  /** The rows' names as people read them, where the first column is for machines. */
  names?: string[];
}

const FORMULA = /^[=+\-@\t\r]/;

export function toCsv({ head, rows }: Table): string {
  return `${[head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

/** Numbers stay numbers; a text that a spreadsheet would calculate gets an apostrophe before it. */
function cell(value: Cell): string {
  if (typeof value === "number") return String(value);
  const inert = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
