import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { meQuery } from "@/api/queries/me";
import { type Overview as Found, overviewQuery, RANGES, type Range } from "@/api/queries/overview";
import { Answer, Lines } from "@/components/Answer";
import { Page } from "@/components/Page";
import { Segmented } from "@/components/Segmented";
import { t } from "@/i18n/t";
import { useShortcuts } from "@/keys/shortcuts";
import { rangeOf } from "@/pages/activity/address";
import { Attention } from "@/pages/overview/Attention";
import { FirstRun } from "@/pages/overview/FirstRun";
import { LastCalls } from "@/pages/overview/LastCalls";
import { SeenApps } from "@/pages/overview/SeenApps";
import { Standing } from "@/pages/overview/Standing";
import { useAddress } from "@/shell/search";

// Drawn after the numbers are there: what draws is as large as the rest of the page.
const Charts = lazy(() => import("@/pages/overview/Charts"));

const USUAL: Range = "7d";
const DEFAULTS = { range: USUAL as string };

/** What changed, and whether all is well. */
export default function Overview() {
  const [address, change] = useAddress(DEFAULTS);
  const range = rangeOf(address.range, USUAL);
  const overview = useQuery(overviewQuery(range));
  // Of nothing, there is no time to choose.
  const begun = overview.data === undefined || hasBegun(overview.data);
  const choose = (next: Range) => change({ range: next }, { replace: false });
  useShortcuts(
    "page",
    RANGES.map((each, place) => ({
      keys: String(place + 1),
      label: t("overview.range.show", { range: t(`overview.range.${each}`) }),
      run: () => choose(each),
    })),
  );
  const ranges = RANGES.map((value) => ({ value, label: t(`overview.range.${value}`) }));
  return (
    <Page
      title={t("overview.title")}
      actions={
        begun && (
          <Segmented
            bare
            label={t("overview.range.label")}
            options={ranges}
            value={range}
            onChange={choose}
          />
        )
      }
    >
      <Answer query={overview} skeleton={<Skeleton />}>
        {(found) => <Body overview={found} range={range} />}
      </Answer>
    </Page>
  );
}

function Body({ overview, range }: { overview: Found; range: Range }) {
  const { data: me } = useQuery(meQuery);
  if (!me) return null;
  const { first_run: first } = overview;
  return (
    <div className="grid gap-4">
      <FirstRun steps={first} model={me.embedder.name} />
      {first.memory && <Standing overview={overview} range={range} />}
      <Attention items={overview.attention} />
      {hasBegun(overview) && (
        <div className="grid items-start gap-4 xl:grid-cols-[1fr_22rem]">
          <div className="grid min-w-0 gap-4">
            <Suspense fallback={<Drawings />}>
              <Charts overview={overview} range={range} />
            </Suspense>
          </div>
          <div className="grid min-w-0 gap-4 max-xl:lg:grid-cols-2">
            {overview.calls && <LastCalls user={me.user_id} />}
            <SeenApps apps={overview.apps} mayManage={me.can.manage} />
          </div>
        </div>
      )}
    </div>
  );
}

const hasBegun = ({ first_run: { client, memory } }: Found): boolean => client || memory;

function Skeleton() {
  return (
    <div className="grid gap-4">
      <Lines n={1} className="h-40" />
      <Drawings />
    </div>
  );
}

const Drawings = () => <Lines n={2} className="h-72" />;
