import { useMutation, useQuery } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { templatesQuery } from "@/api/queries/access";
import { applyTemplate, type ConnectClient, clientsQuery, makeKey } from "@/api/queries/connect";
import { meQuery } from "@/api/queries/me";
import { Answer } from "@/components/Answer";
import { Button } from "@/components/Button";
import { Field, Select } from "@/components/Field";
import { Page, Section } from "@/components/Page";
import { done, failed } from "@/components/undo";
import { t } from "@/i18n/t";
import { Arrival } from "@/pages/connect/Arrival";
import { Methods } from "@/pages/connect/Methods";
import { useAddress } from "@/shell/search";

const DEFAULTS = { client: "claude-code" };

/** From a program's name to its first call. */
export default function Connect() {
  const [{ client: chosen }, change] = useAddress(DEFAULTS);
  // Of one program: the next one gets its own.
  const [made, setMade] = useState<{ app: string; key: string } | null>(null);
  const key = made?.app === chosen ? made.key : null;
  const known = useQuery(clientsQuery(key));
  return (
    <Page title={t("connect.title")}>
      <Answer query={known}>
        {({ clients, url, key_placeholder }) => {
          const client = clients.find(({ id }) => id === chosen) ?? clients[0];
          if (client === undefined) return null;
          return (
            <div className="grid max-w-3xl gap-4">
              <Section title={t("connect.pick")}>
                <div className="flex flex-wrap gap-2">
                  {clients.map(({ id, name }) => (
                    <Button
                      key={id}
                      aria-pressed={id === client.id}
                      look={id === client.id ? "primary" : "plain"}
                      onClick={() => change({ client: id })}
                    >
                      {name}
                    </Button>
                  ))}
                </div>
              </Section>
              <Template key={`access ${client.id}`} client={client} />
              <Section title={t("connect.how", { client: client.name })}>
                <Key
                  client={client}
                  made={key !== null}
                  placeholder={key_placeholder}
                  onMade={(fresh) => setMade({ app: client.id, key: fresh })}
                />
                <Methods methods={client.methods} />
              </Section>
              <Arrival key={client.id} client={client} url={url} secret={key} />
            </div>
          );
        }}
      </Answer>
    </Page>
  );
}

function Template({ client }: { client: ConnectClient }) {
  const { data: me } = useQuery(meQuery);
  const { data } = useQuery({ ...templatesQuery, enabled: me?.can.manage === true });
  const apply = useMutation({
    mutationFn: (template: string) => applyTemplate(client.id, template),
    onError: (error) => void failed(error),
    onSuccess: ({ action_id }, template) =>
      void done(t("connect.applied", { app: client.name, template: titleOf(template) }), action_id),
  });
  if (data === undefined) return null;
  const titleOf = (name: string) =>
    data.templates.find((template) => template.name === name)?.title ?? name;
  return (
    <Section title={t("connect.access")}>
      <Field label={t("connect.accessText")}>
        {(box) => (
          <Select
            {...box}
            defaultValue=""
            onChange={({ target }) => target.value && apply.mutate(target.value)}
          >
            <option value="">{t("connect.asIs")}</option>
            {data.templates.map(({ name, title, description }) => (
              <option key={name} value={name}>{`${title}: ${description}`}</option>
            ))}
          </Select>
        )}
      </Field>
    </Section>
  );
}

interface KeyProps {
  client: ConnectClient;
  made: boolean;
  placeholder: string | null;
  onMade: (key: string) => void;
}

function Key({ client, made, placeholder, onMade }: KeyProps) {
  const { data: me } = useQuery(meQuery);
  const make = useMutation({
    mutationFn: () => makeKey(client.id),
    onSuccess: ({ key }) => onMade(key),
    onError: (error) => void failed(error),
  });
  if (made) return <p className="mb-4 text-good">{t("connect.keyMade")}</p>;
  if (!me?.can.manage) {
    return placeholder && <p className="mb-4">{t("connect.keyAsk", { placeholder })}</p>;
  }
  return (
    <div className="mb-4 flex flex-wrap items-center gap-3">
      <Button icon={KeyRound} disabled={make.isPending} onClick={() => make.mutate()}>
        {t("connect.key")}
      </Button>
      <p className="text-soft">
        {t(me.key_required ? "connect.keyNeeded" : "connect.keyOptional", { client: client.name })}
      </p>
    </div>
  );
}
