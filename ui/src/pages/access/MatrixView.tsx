import { Link } from "@tanstack/react-router";
import type { By, Matrix as MatrixOut, RulesOut } from "@/api/queries/access";
import { Segmented } from "@/components/Segmented";
import { useMedia } from "@/components/useMedia";
import { t } from "@/i18n/t";
import { useAccessAddress } from "@/pages/access/address";
import { type Column, columnsOf } from "@/pages/access/cells";
import { useDraft } from "@/pages/access/draft";
import { EditorFrame } from "@/pages/access/EditorFrame";
import { Matrix } from "@/pages/access/Matrix";
import { Pivot } from "@/pages/access/Pivot";
import { useCellKeys } from "@/pages/access/useCellKeys";
import { useGrid } from "@/pages/access/useGrid";

const BYS: By[] = ["category", "tag", "app"];

interface Props {
  matrix: MatrixOut;
  rules: RulesOut;
  labels: ReadonlyMap<string, string>;
}

/** The matrix, and beside it the editor of what is open. */
export function MatrixView({ matrix, rules, labels }: Props) {
  const [{ by, app, column }, change] = useAccessAddress();
  const draft = useDraft();
  const columns = columnsOf(matrix, by, labels);
  const narrow = useMedia("(max-width: 47.99rem)");
  const grid = useGrid(matrix.apps.length, columns.length + 1);
  useCellKeys({ grid, matrix, columns, rules });
  const open = (nextApp: string, nextColumn: string) =>
    change({ app: nextApp, column: nextColumn || "row" }, { replace: false });
  const close = () => {
    change({ column: "" });
    // Back to the cell it was opened from.
    grid.table.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
  };
  const shared = { matrix, columns, rules, draft, labels };
  const at = { app, column: column === "row" ? "" : column || "none open" };
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[1fr_auto]">
      <div className="grid min-w-0 gap-3">
        <div className="flex flex-wrap items-center gap-2">
          <Segmented
            bare
            label={t("access.columns")}
            options={BYS.map((each) => ({ value: each, label: t(`access.by.${each}`) }))}
            value={by}
            onChange={(next) => change({ by: next, column: "" })}
          />
          <p className="text-xs text-faint max-md:hidden">{t("access.legend")}</p>
        </div>
        {narrow ? (
          <Pivot {...shared} app={app} onApp={(next) => change({ app: next })} onOpen={open} />
        ) : (
          <Matrix {...shared} grid={grid} open={at} onOpen={open} />
        )}
        <Remarks matrix={matrix} columns={columns} by={by} />
      </div>
      {column !== "" && app !== "" && (
        <EditorFrame
          rules={rules}
          matrix={matrix}
          app={app}
          labels={labels}
          column={columns.find(({ name }) => name === column)}
          onClose={close}
        />
      )}
    </div>
  );
}

/** What the table leaves out, and what stands in none of its columns. */
function Remarks({ matrix, columns, by }: { matrix: MatrixOut; columns: Column[]; by: By }) {
  const { more_columns, more_apps } = matrix;
  const unlabelled = by === "category" && columns.every(({ name }) => !name.startsWith("label:"));
  return (
    <div className="grid gap-1 text-xs text-faint">
      {matrix.apps.length === 1 && (
        <p>
          {t("access.noApps")}{" "}
          <Link
            to="/connect"
            className="inline-flex min-h-6 items-center text-accent underline max-md:min-h-11"
          >
            {t("access.connect")}
          </Link>
        </p>
      )}
      {unlabelled && <p>{t("access.noCategories")}</p>}
      {more_columns > 0 && <p>{t("access.moreColumns", { n: more_columns })}</p>}
      {more_apps > 0 && <p>{t("access.moreApps", { n: more_apps })}</p>}
    </div>
  );
}
