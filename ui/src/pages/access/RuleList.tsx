import { CircleCheck, CircleSlash, X } from "lucide-react";
import { IconButton } from "@/components/Button";
import { type Rule, ruleInWords } from "@/components/rules";
import { t } from "@/i18n/t";
import { owned, type Row } from "@/pages/access/rows";

/** All rules of a row, each with a way to be rid of it. */
export function RuleList({ row, onChange }: { row: Row; onChange: (row: Row) => void }) {
  const remove = (gone: Rule) =>
    onChange(owned({ ...row, rules: row.rules.filter((rule) => rule !== gone) }));
  return (
    <div>
      <h3 className="mb-1 font-semibold">{t("access.rules")}</h3>
      {row.rules.length === 0 ? (
        <p className="text-soft">{t("access.noRules")}</p>
      ) : (
        <ul className="max-h-72 overflow-y-auto">
          {row.rules.map((rule) => {
            const words = ruleInWords(rule);
            const Icon = rule.effect === "deny" ? CircleSlash : CircleCheck;
            return (
              <li key={JSON.stringify(rule)} className="flex items-center gap-2">
                <Icon
                  aria-hidden
                  className={`size-4 shrink-0 ${rule.effect === "deny" ? "text-bad" : "text-good"}`}
                />
                <span dir="auto" className="min-w-0 flex-1 break-words">
                  {words}
                </span>
                <IconButton
                  icon={X}
                  label={t("access.removeRule", { rule: words })}
                  onClick={() => remove(rule)}
                />
              </li>
            );
          })}
        </ul>
      )}
    </div>
  );
}
