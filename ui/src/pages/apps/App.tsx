import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Lock, SearchX } from "lucide-react";
import { lazy, Suspense } from "react";
import { isProblem } from "@/api/client";
import { type AppOut, appQuery } from "@/api/queries/apps";
import { meQuery } from "@/api/queries/me";
import { Answer, Lines } from "@/components/Answer";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { Tabs } from "@/components/Tabs";
import { t } from "@/i18n/t";
import { useShortcuts } from "@/keys/shortcuts";
import { BackLink, Facts } from "@/pages/apps/Facts";
import { Actions, Standing } from "@/pages/apps/Parts";
import { Questions } from "@/pages/apps/Questions";
import { useSettling } from "@/pages/apps/useSettling";
import { useAddress } from "@/shell/search";

const TABS = {
  access: lazy(() => import("@/pages/apps/AccessTab")),
  memories: lazy(() => import("@/pages/apps/MemoriesTab")),
  activity: lazy(() => import("@/pages/apps/ActivityTab")),
  keys: lazy(() => import("@/pages/apps/KeysTab")),
  danger: lazy(() => import("@/pages/apps/DangerTab")),
};
type TabName = keyof typeof TABS;
const NAMES = Object.keys(TABS) as TabName[];
const DEFAULTS = { tab: "access" as string };

/** One app: what it may do, what it did, its keys, and how to be rid of what it did. */
export default function App() {
  const { app: name = "" } = useParams({ strict: false });
  const { data: me } = useQuery(meQuery);
  const allowed = me?.can.manage === true;
  const found = useQuery({ ...appQuery(name), enabled: allowed });
  const words = me && !allowed ? "empty.forbidden" : "one.missing";
  if ((me && !allowed) || (found.data === undefined && isProblem(found.error, 404))) {
    return (
      <Page title={name}>
        <BackLink />
        <Empty
          icon={allowed ? SearchX : Lock}
          title={t(`apps.${words}.title`)}
          text={t(`apps.${words}.text`)}
        />
      </Page>
    );
  }
  if (found.data) return <Loaded app={found.data} />;
  return (
    <Page title={name}>
      <Answer query={found} skeleton={<Lines n={8} className="h-8" />}>
        {() => null}
      </Answer>
    </Page>
  );
}

function Loaded({ app }: { app: AppOut }) {
  const [{ tab }, change] = useAddress(DEFAULTS);
  const settling = useSettling();
  const shown = NAMES.find((name) => name === tab) ?? "access";
  useShortcuts("page", [
    { keys: "p", label: t("apps.key.pause"), run: () => settling.pause(app) },
    { keys: "e", label: t("apps.key.rename"), run: () => settling.ask("rename", app) },
    ...NAMES.map((name, place) => ({
      keys: String(place + 1),
      label: t(`apps.tab.${name}`),
      run: () => change({ tab: name }),
    })),
  ]);
  return (
    <Page
      title={app.label}
      aside={<Standing app={app} />}
      actions={<Actions app={app} settling={settling} />}
    >
      <Facts app={app} />
      <Tabs
        label={t("apps.one.tabs", { app: app.label })}
        value={shown}
        onChange={(next) => change({ tab: next })}
        tabs={NAMES.map((value) => {
          const Shown = TABS[value];
          return {
            value,
            label: t(`apps.tab.${value}`),
            content: () => (
              <Suspense fallback={<Lines n={5} className="h-8" />}>
                <Shown key={app.name} app={app} settling={settling} />
              </Suspense>
            ),
          };
        })}
      />
      <Questions {...settling} />
    </Page>
  );
}
