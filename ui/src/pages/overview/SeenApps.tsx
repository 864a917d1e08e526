import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { appsQuery } from "@/api/queries/apps";
import type { Overview } from "@/api/queries/overview";
import { AppName } from "@/components/AppName";
import { Chip } from "@/components/Chip";
import { Section } from "@/components/Page";
import { Time } from "@/components/Time";
import { t } from "@/i18n/t";

type Seen = Overview["apps"][number];
const SHOWN = 6;
const LINK = "inline-flex min-h-6 items-center text-xs text-accent max-md:min-h-11";

/** Each app that has called: how much of it it can read, what it did, when it last came. */
export function SeenApps({ apps, mayManage }: { apps: Seen[]; mayManage: boolean }) {
  const { data } = useQuery({ ...appsQuery(), enabled: mayManage });
  const access = new Map(data?.apps.map((app) => [app.id, app]));
  return (
    <Section
      title={t("overview.apps.title")}
      actions={
        <Link to="/apps" className={LINK}>
          {t("overview.apps.all")}
        </Link>
      }
    >
      {apps.length === 0 ? (
        <p className="text-soft">
          {t("overview.apps.none")}{" "}
          <Link to="/connect" className="text-accent underline">
            {t("overview.apps.connect")}
          </Link>
        </p>
      ) : (
        <ul className="-my-1.5 divide-y divide-line">
          {apps.slice(0, SHOWN).map((app) => (
            <Row key={app.app} app={app} access={access.get(app.app)} />
          ))}
        </ul>
      )}
    </Section>
  );
}

interface RowProps {
  app: Seen;
  access: { readable: number; total_memories: number } | undefined;
}

function Row({ app, access }: RowProps) {
  const { reads, writes } = app;
  return (
    <li className="grid gap-y-0.5 py-1.5">
      <div className="flex min-w-0 items-center gap-2">
        <Link
          to="/apps/$app"
          params={{ app: app.app }}
          className="flex min-h-6 min-w-0 items-center font-medium hover:underline max-md:min-h-11"
        >
          <AppName app={app.app} label={app.label} />
        </Link>
        {app.paused && <Chip tone="warn">{t("overview.apps.paused")}</Chip>}
        <Time at={app.last_seen_at} className="ms-auto text-xs whitespace-nowrap text-soft" />
      </div>
      <p className="flex flex-wrap gap-x-3 ps-6.5 text-xs text-soft tabular-nums">
        {access && (
          <span className="text-ink">
            {t("overview.apps.can", { readable: access.readable, total: access.total_memories })}
          </span>
        )}
        <span>{t("charts.heat.n.reads", { n: reads })}</span>
        <span>{t("charts.heat.n.writes", { n: writes })}</span>
      </p>
    </li>
  );
}
