import { Field, Input } from "@/components/Field";
import { t } from "@/i18n/t";

interface Props {
  name: string;
  fits: boolean;
  onName: (name: string) => void;
}

/** For a program that the table does not know. */
export function Naming({ name, fits, onName }: Props) {
  const wrong = name !== "" && !fits;
  return (
    <div className="max-w-md">
      <Field
        label={t("connect.name")}
        hint={t("connect.nameHint")}
        error={wrong ? t("connect.nameWrong") : null}
      >
        {(box) => (
          <Input
            {...box}
            maxLength={128}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={name}
            onChange={({ target }) => onName(target.value.trim())}
          />
        )}
      </Field>
    </div>
  );
}
