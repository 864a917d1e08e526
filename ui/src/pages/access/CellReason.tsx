import { Link } from "@tanstack/react-router";
import type { Matrix, RulesOut } from "@/api/queries/access";
import { baseInWords, type Rule, ruleInWords } from "@/components/rules";
import { t } from "@/i18n/t";
import { type Column, cellAt } from "@/pages/access/cells";
import { sameSubject, storedRow } from "@/pages/access/rows";

interface Props {
  rules: RulesOut;
  matrix: Matrix;
  app: string;
  column: Column;
}

const SHOWN = 5;
const VERBS = ["read", "write"] as const;

/** What an app is given of a group now, and which base and rules decide it. */
export function CellReason({ rules, matrix, app, column }: Props) {
  const found = cellAt(matrix, app, column.name);
  if (!found) return null;
  const { cell, paused } = found;
  if (cell.blocked) return <p className="font-semibold text-bad">{t("access.blocked")}</p>;
  const row = storedRow(rules, app);
  const about = row.rules.filter((rule) => concerns(rule, column));
  const others = row.rules.length - Math.min(about.length, SHOWN);
  return (
    <div className="grid gap-1 rounded-lg bg-sunken p-3">
      <p className="font-semibold">
        {t("access.now", {
          readable: cell.readable,
          total: cell.total,
          writable: cell.writable,
        })}
      </p>
      <ul aria-label={t("access.decidedBy")} className="grid gap-0.5 text-xs text-soft">
        {paused && <li className="font-semibold text-warn">{t("access.pausedNow")}</li>}
        {row.inherit && <li>{t("access.inheritsNow")}</li>}
        {VERBS.map((verb) => (
          <li key={verb}>{t("access.baseIs", { base: baseInWords(row[verb], verb) })}</li>
        ))}
        {about.slice(0, SHOWN).map((rule) => (
          <li key={JSON.stringify(rule)} dir="auto">
            {t("access.ruleIs", { rule: ruleInWords(rule) })}
          </li>
        ))}
        {others > 0 && <li>{t("access.otherRules", { n: others })}</li>}
      </ul>
      <Seen column={column} />
    </div>
  );
}

/** Whether a rule is about a group as such; others may reach some of its memories too. */
function concerns({ effect, subject }: Rule, column: Column): boolean {
  if (subject.kind === "everything") return true;
  // Nobody knows of what is not decided that it is not of the category.
  if (column.name === "undecided") return subject.kind === "category" && effect === "deny";
  return column.subject !== null && sameSubject(subject, column.subject);
}

/** The way to the memories themselves, where the list can be narrowed to them. */
function Seen({ column: { subject, total } }: { column: Column }) {
  if (total === 0 || (subject?.kind !== "category" && subject?.kind !== "app")) return null;
  return (
    <Link
      to="/memories"
      search={{ [subject.kind]: [subject.value] } as never}
      className="inline-flex min-h-6 items-center justify-self-start text-xs text-accent underline max-md:min-h-11"
    >
      {t("access.seeMemories", { n: total })}
    </Link>
  );
}
