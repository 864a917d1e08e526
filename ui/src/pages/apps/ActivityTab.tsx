import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type AppOut, callsOfQuery } from "@/api/queries/apps";
import { meQuery } from "@/api/queries/me";
import { Answer, Lines } from "@/components/Answer";
import { Section } from "@/components/Page";
import { t } from "@/i18n/t";
import { Row } from "@/pages/activity/Row";
import { namesOf } from "@/pages/apps/known";

/** Its newest calls, as the log has them. */
export default function ActivityTab({ app }: { app: AppOut }) {
  const { data: me } = useQuery(meQuery);
  const [open, setOpen] = useState<number | null>(null);
  const query = useQuery({
    ...callsOfQuery(namesOf(app), me?.user_id ?? ""),
    enabled: me !== undefined,
  });
  const all = (
    <Link
      to="/activity"
      search={{ app: app.name } as never}
      className="inline-flex min-h-6 items-center text-accent underline max-md:min-h-11"
    >
      {t("apps.activity.all")}
    </Link>
  );
  return (
    <Section title={t("apps.activity.newest")} actions={all}>
      <Answer query={query} skeleton={<Lines n={8} className="h-10" />}>
        {(calls) =>
          calls.length === 0 ? (
            <p className="text-soft">{t("apps.activity.none")}</p>
          ) : (
            <ul className="-mx-4 -mb-4 border-t border-line">
              {calls.map((call) => (
                <li key={call.id}>
                  <Row
                    call={call}
                    me={me?.user_id ?? ""}
                    open={open === call.id}
                    onToggle={() => setOpen(open === call.id ? null : call.id)}
                  />
                </li>
              ))}
            </ul>
          )
        }
      </Answer>
    </Section>
  );
}
