import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Ban, CircleCheck } from "lucide-react";
import { useEffect, useId, useState } from "react";
import type { Call } from "@/api/queries/activity";
import { arrivalsQuery } from "@/api/queries/connect";
import { nameOfApp } from "@/components/AppName";
import { CopyButton } from "@/components/CopyButton";
import { deedOf } from "@/components/calls";
import { Time } from "@/components/Time";
import { t } from "@/i18n/t";
import { Checklist } from "@/pages/connect/Checklist";

interface Props {
  /** Null: as it calls itself, which is none of `others`. */
  app: string | null;
  others: ReadonlySet<string>;
  client: string;
  url: string;
  /** Of the key in the settings that are shown: only a call with it shows that they work. */
  keyId: string | null;
}

const PATIENCE_MS = 60_000;
const LINK = "inline-flex min-h-6 items-center text-accent underline max-md:min-h-11";

/** Waits for a call that came after its settings were shown. */
export function Arrival(props: Props) {
  const { app, others, keyId } = props;
  const opened = useId() + keyId;
  const { data } = useQuery(arrivalsQuery(app, opened));
  const newest = data?.results[0]?.id ?? 0;
  const [before, setBefore] = useState<number | null>(null);
  useEffect(() => {
    if (data) setBefore((known) => known ?? newest);
  }, [data, newest]);
  const calls = (data?.results ?? []).filter((call) =>
    app ? call.app === app : call.app !== null && !others.has(call.app),
  );
  const isNew = ({ id, key_id }: Call) =>
    before !== null && id > before && (keyId === null || key_id === keyId);
  const arrived = calls.find(isNew);
  return (
    <div role="status" className="grid gap-3">
      {arrived ? <Arrived call={arrived} /> : <Waiting {...props} last={calls[0]} />}
    </div>
  );
}

function Arrived({ call }: { call: Call }) {
  const denied = call.outcome === "denied";
  const app = nameOfApp(call.app);
  const Icon = denied ? Ban : CircleCheck;
  return (
    <>
      <p className={`flex items-center gap-2 font-semibold ${denied ? "text-bad" : "text-good"}`}>
        <Icon aria-hidden className="size-5 shrink-0" />
        {t(denied ? "connect.wait.denied" : "connect.wait.connected", { app })}
      </p>
      <p className="text-soft">
        {denied ? t("connect.wait.deniedText") : t(`activity.did.${deedOf(call)}`)}{" "}
        <Time at={call.at} />
      </p>
      <p className="flex flex-wrap gap-x-4">
        <Link to="/apps/$app" params={{ app: call.app ?? "" }} className={LINK}>
          {t("connect.wait.its")}
        </Link>
        <Link to="/activity" search={{ app: call.app } as never} className={LINK}>
          {t("connect.wait.calls")}
        </Link>
      </p>
    </>
  );
}

function Waiting({ client, url, keyId, last }: Props & { last: Call | undefined }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  const sentence = t("connect.wait.say");
  return (
    <>
      <p className="flex items-center gap-2 font-semibold">
        <span aria-hidden className="size-2.5 shrink-0 animate-pulse rounded-full bg-warn" />
        {t("connect.wait.waiting", { client })}
      </p>
      <p className="text-soft">{t("connect.wait.start")}</p>
      <p className="flex items-center gap-1 rounded-lg bg-sunken ps-3 text-ink">
        <q className="flex-1 py-1.5">{sentence}</q>
        <CopyButton text={sentence} label={t("connect.wait.copy")} />
      </p>
      {last && (
        <p className="text-xs text-soft">
          {t("connect.wait.before")} <Time at={last.at} />, {t("connect.wait.beforeText")}
        </p>
      )}
      {late && <Checklist url={url} keyed={keyId !== null} />}
    </>
  );
}
