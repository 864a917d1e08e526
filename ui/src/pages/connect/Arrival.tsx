import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { appsQuery } from "@/api/queries/apps";
import { type ConnectClient, testConnection } from "@/api/queries/connect";
import { Button } from "@/components/Button";
import { CopyButton } from "@/components/CopyButton";
import { Section } from "@/components/Page";
import { ProblemCard } from "@/components/ProblemCard";
import { Time } from "@/components/Time";
import { t } from "@/i18n/t";

interface Props {
  client: ConnectClient;
  url: string;
  secret: string | null;
}

const PATIENCE_MS = 60_000;
const HERE = /^(localhost|127\.|\[::1\])/;

/** Whether it has called; "apps" is asked anew by itself when an app is seen. */
export function Arrival({ client, url, secret }: Props) {
  const { data } = useQuery({ ...appsQuery(), refetchInterval: 10_000 });
  const app = data?.apps.find(({ name }) => name === client.id);
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  const test = useMutation({ mutationFn: () => testConnection(secret) });
  const { host, protocol } = new URL(url);
  return (
    <Section title={app ? client.name : t("connect.waiting", { client: client.name })}>
      <div className="grid justify-items-start gap-3">
        <p role="status" className="text-good">
          {app && (
            <>
              {t("connect.connected", { client: client.name })} <Time at={app.last_seen_at} />
            </>
          )}
        </p>
        {HERE.test(host) ? (
          <p className="text-soft">{t("connect.local")}</p>
        ) : (
          protocol === "http:" && <p className="text-warn">{t("connect.http")}</p>
        )}
        {late && !app && <Checklist url={url} />}
        <Button disabled={test.isPending} onClick={() => test.mutate()}>
          {t("connect.test")}
        </Button>
        <p role="status" className={test.data?.ok ? "text-good" : "text-bad"}>
          {test.data?.text}
        </p>
        {test.error && <ProblemCard error={test.error} />}
        <div className="flex flex-wrap items-center gap-2">
          <p>
            {t("connect.try")}: <q>{t("connect.say")}</q>
          </p>
          <CopyButton
            text={t("connect.say")}
            label={t("connect.copy", { title: t("connect.try") })}
          />
        </div>
      </div>
    </Section>
  );
}

function Checklist({ url }: { url: string }) {
  return (
    <div>
      <p className="font-medium text-warn">{t("connect.late")}</p>
      <ul className="ms-5 list-disc">
        <li>{t("connect.lateRestart")}</li>
        <li>{t("connect.lateFile")}</li>
        <li className="wrap-anywhere">{t("connect.lateReach", { url })}</li>
        <li>{t("connect.lateTest")}</li>
      </ul>
    </div>
  );
}
