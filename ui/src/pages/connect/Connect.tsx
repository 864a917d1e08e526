import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { clientsQuery, type MadeKey } from "@/api/queries/connect";
import { Answer, Lines } from "@/components/Answer";
import { Page } from "@/components/Page";
import { t } from "@/i18n/t";
import { Naming } from "@/pages/connect/Naming";
import { Programs } from "@/pages/connect/Programs";
import { Steps } from "@/pages/connect/Steps";
import { useAddress } from "@/shell/search";

const DEFAULTS = { client: "claude-code" as string, name: "" as string };
/** Of the table's programs the one that is none of the others. */
const OTHER = "other";
const NAME = /^[\w.@+-]{1,128}$/;

/** From a program's name to its first call. */
export default function Connect() {
  const [{ client: chosen, name }, change] = useAddress(DEFAULTS);
  // By the app that each is bound to, for as long as the page is open.
  const [made, setMade] = useState<Record<string, MadeKey>>({});
  const known = useQuery(clientsQuery());
  const others = useMemo(
    () => new Set(known.data?.clients.map(({ id }) => id)),
    [known.data?.clients],
  );
  return (
    <Page title={t("connect.title")}>
      <Answer query={known} skeleton={<Lines n={6} className="h-16" />}>
        {({ clients }) => {
          const client = clients.find(({ id }) => id === chosen) ?? clients[0];
          if (client === undefined) return null;
          const given = NAME.test(String(name)) ? String(name).toLowerCase() : null;
          const app = client.id === OTHER ? given : client.id;
          return (
            <div className="grid grid-cols-1 items-start gap-x-6 gap-y-4 lg:grid-cols-[10rem_minmax(0,1fr)]">
              <Programs
                clients={clients}
                chosen={client.id}
                onChoose={(id) => change({ client: id })}
              />
              <div className="grid min-w-0 grid-cols-1 gap-4">
                {client.id === OTHER && (
                  <Naming
                    name={String(name)}
                    fits={given !== null}
                    onName={(to) => change({ name: to })}
                  />
                )}
                <Steps
                  key={client.id}
                  {...{ client, app, others }}
                  made={app === null ? null : (made[app] ?? null)}
                  onMade={(key) => app !== null && setMade({ ...made, [app]: key })}
                />
              </div>
            </div>
          );
        }}
      </Answer>
    </Page>
  );
}
