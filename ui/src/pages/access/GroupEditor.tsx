import type { Subject, Verb } from "@/components/rules";
import { Segmented } from "@/components/Segmented";
import { t } from "@/i18n/t";
import { effectOn, type Row, withEffect } from "@/pages/access/rows";

interface Props {
  row: Row;
  subject: Subject;
  label: string;
  onChange: (row: Row) => void;
}

const EFFECTS = ["allow", "inherit", "deny"] as const;
const VERBS = ["read", "write"] as const;

/** Allow, deny or nothing for one group of memories. */
export function GroupEditor({ row, subject, label, onChange }: Props) {
  return (
    <div className="grid gap-3 rounded-lg border border-accent/50 p-3">
      <h3 className="font-semibold">
        <bdi>{t(`access.group.${subject.kind as "tag"}`, { value: label })}</bdi>
      </h3>
      {VERBS.map((verb) => {
        const effect = effectOn(row, verb, subject);
        const note = noteOn(row, verb, subject);
        return (
          <div key={verb} className="grid gap-1">
            <Segmented
              label={t(`access.verb.${verb}`)}
              value={effect}
              options={EFFECTS.map((each) => ({ value: each, label: t(`access.effect.${each}`) }))}
              onChange={(next) => onChange(withEffect(row, verb, subject, next))}
            />
            {note && <p className="text-xs text-faint">{note}</p>}
          </div>
        );
      })}
    </div>
  );
}

/** What a person may not expect of the choice. */
function noteOn(row: Row, verb: Verb, subject: Subject): string | null {
  const effect = effectOn(row, verb, subject);
  if (effect === "allow" && row[verb] === "everything") return t("access.note.idle");
  if (effect === "deny" && subject.kind === "category") return t("access.note.undecided");
  if (effect === "allow" && verb === "write") return t("access.note.readFirst");
  return null;
}
