import { type FormEvent, useState } from "react";
import type { AppOut } from "@/api/queries/apps";
import { createKey, type Scope } from "@/api/queries/keys";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Field, Input, Select } from "@/components/Field";
import { t } from "@/i18n/t";
import { Once } from "@/pages/apps/keys/Once";
import { useSecret } from "@/pages/apps/keys/useSecret";

const SCOPES = ["memory:read", "memory:write", "memory:delete"] as const;
const DAYS = { never: null, d30: 30, d90: 90, d365: 365 };
type Expiry = keyof typeof DAYS;

export function MakeDialog({ app, onClose }: { app: AppOut; onClose: () => void }) {
  const [label, setLabel] = useState("");
  const [scopes, setScopes] = useState<Scope[]>([...SCOPES]);
  const [expiry, setExpiry] = useState<Expiry>("never");
  const { secret, error, busy, ask } = useSecret(() =>
    createKey({ app: app.name, label: label.trim(), scopes, expires_in_days: DAYS[expiry] }),
  );
  const flip = (scope: Scope) =>
    setScopes(SCOPES.filter((each) => (each === scope) !== scopes.includes(each)));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (scopes.length > 0) void ask();
  };
  if (secret !== null) {
    return (
      <Dialog open onClose={onClose} title={t("apps.keys.once.title")}>
        <Once secret={secret} onDone={onClose} />
      </Dialog>
    );
  }
  return (
    <Dialog open onClose={onClose} title={t("apps.keys.making.title", { app: app.label })}>
      <form onSubmit={submit} className="grid gap-4">
        <Field
          label={t("apps.keys.making.label")}
          hint={t("apps.keys.making.labelHint")}
          error={error}
        >
          {(box) => (
            <Input
              {...box}
              dir="auto"
              maxLength={255}
              autoComplete="off"
              value={label}
              onChange={(event) => setLabel(event.target.value)}
            />
          )}
        </Field>
        <fieldset className="grid gap-1">
          <legend className="mb-1 text-sm font-medium">{t("apps.keys.making.scopes")}</legend>
          <div className="flex flex-wrap gap-x-5">
            {SCOPES.map((scope) => (
              <label key={scope} className="flex min-h-8 items-center gap-2 max-md:min-h-11">
                <input
                  type="checkbox"
                  checked={scopes.includes(scope)}
                  onChange={() => flip(scope)}
                  className="size-6 accent-accent"
                />
                {t(`apps.keys.scope.${scope}`)}
              </label>
            ))}
          </div>
          {scopes.length === 0 && (
            <p role="alert" className="text-xs text-bad">
              {t("apps.keys.making.noScope")}
            </p>
          )}
        </fieldset>
        <Field label={t("apps.keys.making.expiry")}>
          {(box) => (
            <Select
              {...box}
              value={expiry}
              onChange={(event) => setExpiry(event.target.value as Expiry)}
            >
              {(Object.keys(DAYS) as Expiry[]).map((name) => (
                <option key={name} value={name}>
                  {t(`apps.keys.making.days.${name}`)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary" disabled={busy || scopes.length === 0}>
            {t("apps.keys.making.submit")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
