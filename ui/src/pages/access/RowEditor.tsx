import { TriangleAlert } from "lucide-react";
import type { Matrix, RulesOut } from "@/api/queries/access";
import { Button } from "@/components/Button";
import { baseInWords, ruleInWords } from "@/components/rules";
import { Segmented } from "@/components/Segmented";
import { t } from "@/i18n/t";
import { AddRule } from "@/pages/access/AddRule";
import { CellReason } from "@/pages/access/CellReason";
import type { Column } from "@/pages/access/cells";
import { discardDraft, draftRow, useDraft } from "@/pages/access/draft";
import { GroupEditor } from "@/pages/access/GroupEditor";
import { RuleList } from "@/pages/access/RuleList";
import { ANY, effectiveRow, owned, type Row } from "@/pages/access/rows";
import { TemplateChoice } from "@/pages/access/TemplateChoice";

interface Props {
  rules: RulesOut;
  matrix: Matrix;
  app: string;
  /** How people call it. */
  name: string;
  /** The group of memories it was opened at. */
  column?: Column | undefined;
}

const BASES = ["everything", "own", "nothing"] as const;
const VERBS = ["read", "write"] as const;

/** One app's row: whether it has one, its bases, its rules. What is changed goes to the draft. */
export function RowEditor({ rules, matrix, app, name, column }: Props) {
  const draft = useDraft();
  const row = effectiveRow(rules, draft, app);
  const change = (next: Row) => draftRow(rules, app, next);
  return (
    <div className="grid gap-4">
      {row.problem && (
        <p className="flex gap-2 rounded-lg bg-bad-soft p-3 text-bad">
          <TriangleAlert aria-hidden className="size-4 shrink-0" />
          {t("access.broken", { app: name })}
        </p>
      )}
      {column && <CellReason rules={rules} matrix={matrix} app={app} column={column} />}
      {column?.subject && (
        <GroupEditor row={row} subject={column.subject} label={column.label} onChange={change} />
      )}
      {app === ANY ? (
        <p className="text-soft">{t("access.anyAppMeans")}</p>
      ) : (
        <Segmented
          label={t("access.rights", { app: name })}
          value={row.inherit ? "inherit" : "own"}
          options={[
            { value: "inherit", label: t("access.asAnyApp") },
            { value: "own", label: t("access.own") },
          ]}
          onChange={(to) => change(to === "own" ? owned(row) : { ...row, inherit: true })}
        />
      )}
      {row.inherit && app !== ANY ? (
        <Inherited row={row} />
      ) : (
        VERBS.map((verb) => (
          <Segmented
            key={verb}
            label={t(`access.baseOf.${verb}`)}
            value={row[verb]}
            options={BASES.map((base) => ({ value: base, label: t(`access.reach.${base}`) }))}
            onChange={(base) => change(owned({ ...row, [verb]: base }))}
          />
        ))
      )}
      <TemplateChoice row={row} onChoose={(made) => change({ ...owned(row), ...made })} />
      {!(row.inherit && app !== ANY) && (
        <div className="grid gap-3 border-t border-line pt-4">
          <RuleList row={row} onChange={change} />
          <AddRule row={row} onChange={change} />
        </div>
      )}
      {app in draft && (
        <Button look="quiet" onClick={() => discardDraft(app)} className="justify-self-start">
          {t("access.discardRow", { app: name })}
        </Button>
      )}
    </div>
  );
}

/** What holds for an app without a row of its own. */
function Inherited({ row }: { row: Row }) {
  return (
    <div className="grid gap-1 rounded-lg bg-sunken p-3 text-soft">
      <p>
        {t("access.inherits", {
          read: baseInWords(row.read, "read"),
          write: baseInWords(row.write, "write"),
        })}
      </p>
      {row.rules.length > 0 && (
        <ul className="list-inside list-disc text-xs">
          {row.rules.map((rule) => (
            <li key={JSON.stringify(rule)} dir="auto">
              {ruleInWords(rule)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
