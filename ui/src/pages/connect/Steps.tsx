import { useQuery } from "@tanstack/react-query";
import { type ConnectClient, clientsQuery, type MadeKey } from "@/api/queries/connect";
import { meQuery } from "@/api/queries/me";
import { Answer, Lines } from "@/components/Answer";
import { t } from "@/i18n/t";
import { Arrival } from "@/pages/connect/Arrival";
import { Doubts } from "@/pages/connect/Doubts";
import { KeyMaker } from "@/pages/connect/KeyMaker";
import { Methods } from "@/pages/connect/Methods";
import { Sight } from "@/pages/connect/Sight";
import { Step } from "@/pages/connect/Step";
import { Trial } from "@/pages/connect/Trial";

interface Props {
  client: ConnectClient;
  /** What the app will be called; null: as the program calls itself. */
  app: string | null;
  others: ReadonlySet<string>;
  made: MadeKey | null;
  onMade: (key: MadeKey) => void;
}

/** From what it may see, over its settings, to its first call. */
export function Steps({ client, app, others, made, onMade }: Props) {
  const { data: me } = useQuery(meQuery);
  const filled = useQuery(clientsQuery(made?.key ?? null, app === client.id ? null : app));
  const sighted = me?.can.manage === true && app !== null;
  const named = app === client.id;
  const program = named ? client.name : t("connect.program");
  const called = named ? client.name : (app ?? program);
  const first = sighted ? 2 : 1;
  return (
    <ol className="grid min-w-0 grid-cols-1 items-start gap-4 xl:grid-cols-[minmax(0,1fr)_21rem] xl:grid-rows-[auto_1fr]">
      {sighted && (
        <Step n={1} title={t("connect.access", { app: called })}>
          <Sight key={app} app={app} name={called} />
        </Step>
      )}
      <Step n={first} title={t("connect.how", { client: program })}>
        <Answer query={filled} skeleton={<Lines n={5} className="h-9" />}>
          {({ clients, key_placeholder, url }) => (
            <>
              <KeyMaker
                app={app}
                client={called}
                made={made !== null}
                placeholder={key_placeholder}
                onMade={onMade}
              />
              <Methods methods={clients.find(({ id }) => id === client.id)?.methods ?? []} />
              <Doubts url={url} />
            </>
          )}
        </Answer>
      </Step>
      <Step aside n={first + 1} title={t("connect.wait.title")}>
        <div className="grid gap-4">
          {me?.can.manage && (
            <Arrival
              key={`${app} ${made?.id}`}
              {...{ app, others, client: called }}
              url={filled.data?.url ?? ""}
              keyId={made?.id ?? null}
            />
          )}
          <Trial secret={made?.key ?? null} />
        </div>
      </Step>
    </ol>
  );
}
