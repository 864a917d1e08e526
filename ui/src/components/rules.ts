/** Access rules in words. */

import type { Schemas } from "@/api/client";
import { nameOfApp } from "@/components/AppName";
import { t } from "@/i18n/t";

export type Rule = Schemas["RuleModel"];
export type Subject = Schemas["SubjectModel"];
export type Verb = Schemas["Verb"];
export type Base = Schemas["Base"];

export function subjectInWords({ kind, value }: Subject): string {
  if (kind === "everything") return t("access.subject.everything");
  return t(`access.subject.${kind}`, {
    value: kind === "app" ? nameOfApp(value ?? "") : (value ?? ""),
  });
}

/** "May not read what is in the category health". */
export function ruleInWords({ verb, effect, subject }: Rule): string {
  return t(`access.rule.${effect}.${verb}`, { subject: subjectInWords(subject) });
}

export function baseInWords(base: Base, verb: Verb): string {
  return t(`access.base.${verb}.${base}`);
}
