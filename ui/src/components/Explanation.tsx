import { CircleCheck, CircleSlash } from "lucide-react";
import type { Schemas } from "@/api/client";
import { baseInWords, ruleInWords } from "@/components/rules";
import { t } from "@/i18n/t";

type Explained = Schemas["ExplanationOut"];

/** Allowed or not: as a picture, a word and a colour. */
export function Verdict({ allowed, verb }: Pick<Explained, "allowed" | "verb">) {
  const Icon = allowed ? CircleCheck : CircleSlash;
  return (
    <span
      className={`inline-flex items-center gap-1 font-semibold ${allowed ? "text-good" : "text-bad"}`}
    >
      <Icon aria-hidden className="size-4 shrink-0" />
      {t(`access.verdict.${verb}.${allowed ? "yes" : "no"}`)}
    </span>
  );
}

/** What an app may do with a memory, and by which base and rules. */
export function Explanation({ of: found }: { of: Explained }) {
  const { allowed, verb, base, rules, more_rules, reason } = found;
  return (
    <div className="grid gap-1 text-sm">
      <Verdict allowed={allowed} verb={verb} />
      <p className="text-soft" dir="auto">
        {reason}
      </p>
      <ul aria-label={t("access.decidedBy")} className="grid gap-0.5 text-xs text-faint">
        <li>{t("access.baseIs", { base: baseInWords(base, verb) })}</li>
        {rules.map((rule) => (
          <li key={JSON.stringify(rule)} dir="auto">
            {t("access.ruleIs", { rule: ruleInWords(rule) })}
          </li>
        ))}
        {more_rules > 0 && <li>{t("access.moreRules", { n: more_rules })}</li>}
      </ul>
    </div>
  );
}
