import { Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/Button";
import { Field, Input, Select } from "@/components/Field";
import type { Subject } from "@/components/rules";
import { t } from "@/i18n/t";
import { type Row, withEffect } from "@/pages/access/rows";

const KINDS = ["category", "tag", "app", "memory", "everything"] as const;
const CHOICES = ["deny read", "deny write", "allow read", "allow write"] as const;
type Choice = (typeof CHOICES)[number];

/** A rule about anything, also about groups that no memory is in yet, or about a single memory. */
export function AddRule({ row, onChange }: { row: Row; onChange: (row: Row) => void }) {
  const [choice, setChoice] = useState<Choice>("deny read");
  const [kind, setKind] = useState<Subject["kind"]>("category");
  const [value, setValue] = useState("");
  const add = (event: FormEvent) => {
    event.preventDefault();
    const [effect, verb] = choice.split(" ") as ["deny" | "allow", "read" | "write"];
    const named = kind === "everything" ? "" : value.trim();
    onChange(withEffect(row, verb, { kind, value: named }, effect));
    setValue("");
  };
  return (
    <form onSubmit={add} className="grid gap-2">
      <div className="grid grid-cols-2 gap-2">
        <Field label={t("access.newRule")}>
          {(box) => (
            <Select {...box} value={choice} onChange={(e) => setChoice(e.target.value as Choice)}>
              {CHOICES.map((each) => (
                <option key={each} value={each}>
                  {t(`access.choice.${each.replace(" ", "_") as "deny_read"}`)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={t("access.about")}>
          {(box) => (
            <Select
              {...box}
              value={kind}
              onChange={(e) => setKind(e.target.value as Subject["kind"])}
            >
              {KINDS.map((each) => (
                <option key={each} value={each}>
                  {t(`access.kind.${each}`)}
                </option>
              ))}
            </Select>
          )}
        </Field>
      </div>
      {kind !== "everything" && (
        <Field label={t(`access.kind.${kind}`)} hint={t(`access.kindHint.${kind}`)}>
          {(box) => (
            <Input {...box} required value={value} onChange={(e) => setValue(e.target.value)} />
          )}
        </Field>
      )}
      <Button type="submit" icon={Plus} className="justify-self-start">
        {t("access.addRule")}
      </Button>
    </form>
  );
}
