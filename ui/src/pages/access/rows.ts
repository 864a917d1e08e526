/** The rows of the rules, and how an edit changes one. The server alone decides what they mean. */

import type { Schemas } from "@/api/client";
import type { By, RulesOut } from "@/api/queries/access";
import type { Base, Rule, Subject, Verb } from "@/components/rules";
import type { Draft } from "@/pages/access/draft";

export const ANY = "*";

export interface Row {
  /** Without a row of its own: that of any other app holds. */
  inherit: boolean;
  read: Base;
  write: Base;
  rules: Rule[];
  /** Why what is stored cannot be understood. */
  problem: string | null;
}

const FROM_THE_START: Row = {
  inherit: true,
  read: "everything",
  write: "everything",
  rules: [],
  problem: null,
};

/** What is settled for an app; where it inherits, what it inherits. */
export function storedRow(rules: RulesOut, app: string): Row {
  const found = rules.apps.find((row) => row.app === app);
  if (found && !found.inherit) {
    const { read, write, rules, problem } = found;
    return { inherit: false, read: read ?? "nothing", write: write ?? "nothing", rules, problem };
  }
  return app === ANY ? FROM_THE_START : { ...storedRow(rules, ANY), inherit: true };
}

/** What the draft says of an app, else what is settled. */
export function effectiveRow(rules: RulesOut, draft: Draft, app: string): Row {
  const row = draft[app]?.row ?? storedRow(rules, app);
  if (!row.inherit) return row;
  if (app === ANY) return FROM_THE_START;
  return { ...effectiveRow(rules, draft, ANY), inherit: true };
}

const keyOf = ({ verb, effect, subject }: Rule) =>
  `${verb} ${effect} ${subject.kind} ${folded(subject.value)}`;
const folded = (value: string | undefined) => (value ?? "").toLowerCase();

/** Whether two rows say the same; the order of rules says nothing. */
export function sameRow(one: Row, other: Row): boolean {
  if (one.inherit || other.inherit) return one.inherit === other.inherit;
  const [a, b] = [one, other].map(({ rules }) => rules.map(keyOf).sort().join("\n"));
  return (
    one.read === other.read && one.write === other.write && a === b && one.problem === other.problem
  );
}

export const sameSubject = (one: Subject, other: Subject) =>
  one.kind === other.kind && folded(one.value) === folded(other.value);

export type Effect = Schemas["Effect"] | "inherit";

/** What a row says of a subject by a rule about just that; a deny wins. */
export function effectOn(row: Row, verb: Verb, subject: Subject): Effect {
  const found = row.rules.filter(
    (rule) => rule.verb === verb && sameSubject(rule.subject, subject),
  );
  if (found.some(({ effect }) => effect === "deny")) return "deny";
  return found.length > 0 ? "allow" : "inherit";
}

/** The row as one of the app's own, with the rule about a subject put in, replaced or taken away. */
export function withEffect(row: Row, verb: Verb, subject: Subject, effect: Effect): Row {
  const others = row.rules.filter(
    (rule) => rule.verb !== verb || !sameSubject(rule.subject, subject),
  );
  const added: Rule[] = effect === "inherit" ? [] : [{ verb, effect, subject }];
  return owned({ ...row, rules: [...others, ...added] });
}

export function owned(row: Row): Row {
  return { ...row, inherit: false, problem: null };
}

/** A column of the matrix, as the address names it. */
export function columnName(group: Schemas["GroupOut"]): string {
  return group.kind === "label" ? `label:${group.value}` : group.kind;
}

/** What a rule about a column is about; null where no rule can be. */
export function subjectOf(column: string, by: By): Subject | null {
  if (column === "all") return { kind: "everything", value: "" };
  return column.startsWith("label:") ? { kind: by, value: column.slice(6) } : null;
}
