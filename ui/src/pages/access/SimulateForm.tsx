import { Play } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/Button";
import { Field, Input, Select } from "@/components/Field";
import { Segmented } from "@/components/Segmented";
import { t } from "@/i18n/t";
import { useAccessAddress } from "@/pages/access/address";
import { ANY } from "@/pages/access/rows";

interface Props {
  apps: string[];
  labels: ReadonlyMap<string, string>;
}

/** Which app, and what it asks for. The question goes to the address, which asks it. */
export function SimulateForm({ apps, labels }: Props) {
  const [address, change] = useAccessAddress();
  const [kind, setKind] = useState<"query" | "memory">(address.memory ? "memory" : "query");
  const [text, setText] = useState(address.memory || address.query);
  const known = apps.filter((app) => app !== ANY);
  const [as, setAs] = useState(address.as || (known[0] ?? ""));
  const [verb, setVerb] = useState(address.verb);
  const ask = (event: FormEvent) => {
    event.preventDefault();
    const said = { memory: "", query: "", [kind]: text.trim() };
    change({ as, verb, ...said }, { replace: false });
  };
  const unknown = as !== "" && !known.includes(as);
  return (
    <form onSubmit={ask} className="grid gap-3">
      <Field label={t("access.app")}>
        {(box) => (
          <Select {...box} required value={as} onChange={(event) => setAs(event.target.value)}>
            {known.map((app) => (
              <option key={app} value={app}>
                {labels.get(app) ?? app}
              </option>
            ))}
            {unknown && <option value={as}>{as}</option>}
            {!unknown && <option value="an-unknown-app">{t("common.anyApp")}</option>}
          </Select>
        )}
      </Field>
      <Segmented
        label={t("access.simulate.by")}
        value={kind}
        onChange={setKind}
        options={[
          { value: "query", label: t("access.simulate.query") },
          { value: "memory", label: t("access.simulate.memory") },
        ]}
      />
      <Field label={t(`access.simulate.${kind}`)} hint={t(`access.simulate.${kind}Hint`)}>
        {(box) => (
          <Input {...box} required value={text} onChange={(event) => setText(event.target.value)} />
        )}
      </Field>
      <Segmented
        label={t("access.simulate.verb")}
        value={verb}
        onChange={setVerb}
        options={[
          { value: "read", label: t("access.verb.read") },
          { value: "write", label: t("access.verb.write") },
        ]}
      />
      <Button type="submit" look="primary" icon={Play}>
        {t("access.simulate.ask")}
      </Button>
    </form>
  );
}
