import { useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import type { AppOut } from "@/api/queries/apps";
import { type KeyView, keysQuery } from "@/api/queries/keys";
import { meQuery } from "@/api/queries/me";
import { Answer, Lines } from "@/components/Answer";
import { Button } from "@/components/Button";
import { Section } from "@/components/Page";
import { t } from "@/i18n/t";
import type { Asking } from "@/pages/apps/keys/Dialogs";
import { KeyRow } from "@/pages/apps/keys/KeyRow";
import { namesOf } from "@/pages/apps/known";

const Dialogs = lazy(() => import("@/pages/apps/keys/Dialogs"));

/** The keys that are bound to it, the good ones first to be seen. */
export default function KeysTab({ app }: { app: AppOut }) {
  const client = useQueryClient();
  const { data: me } = useQuery(meQuery);
  const query = useQuery(keysQuery);
  const [asking, setAsking] = useState<Asking | null>(null);
  const [ended, setEnded] = useState(false);
  const names = namesOf(app);
  const close = () => {
    setAsking(null);
    void client.invalidateQueries({ queryKey: ["apps"] });
  };
  const ofApp = (key: KeyView) =>
    key.app !== null && names.includes(key.app) && key.user_id === me?.user_id;
  const make = (
    <Button look="primary" icon={KeyRound} onClick={() => setAsking({ what: "make" })}>
      {t("apps.keys.make")}
    </Button>
  );
  return (
    <Section title={t("apps.keys.title")} actions={make}>
      <Answer query={query} skeleton={<Lines n={3} className="h-12" />}>
        {(keys) => {
          const its = keys.filter(ofApp);
          const good = its.filter(({ status }) => status === "active");
          const shown = ended ? its : good;
          return (
            <>
              {good.length === 0 && <p className="text-soft">{t("apps.keys.none")}</p>}
              <ul className="divide-y divide-line">
                {shown.map((key) => (
                  <KeyRow key={key.id} of={key} onAsk={(what) => setAsking({ what, key })} />
                ))}
              </ul>
              {!ended && its.length > good.length && (
                <Button look="quiet" className="mt-2 -ms-3" onClick={() => setEnded(true)}>
                  {t("apps.keys.ended", { n: its.length - good.length })}
                </Button>
              )}
            </>
          );
        }}
      </Answer>
      <Suspense>{asking && <Dialogs app={app} asking={asking} onClose={close} />}</Suspense>
    </Section>
  );
}
