import { useQuery } from "@tanstack/react-query";
import { LockKeyhole, Radio } from "lucide-react";
import { useMemo, useState } from "react";
import { meQuery } from "@/api/queries/me";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { t } from "@/i18n/t";
import { type ActivityAddress, NO_FILTERS, useActivityAddress } from "@/pages/activity/address";
import { ByHour } from "@/pages/activity/ByHour";
import { Calls } from "@/pages/activity/Calls";
import { Export } from "@/pages/activity/Export";
import { Failures } from "@/pages/activity/Failures";
import { Filters } from "@/pages/activity/Filters";
import { filterOf, intervalsOf } from "@/pages/activity/filters";
import { Switch } from "@/pages/activity/Switch";
import { Views } from "@/pages/activity/Views";

/** Who read and wrote what, and when. */
export default function Activity() {
  const { data: me } = useQuery(meQuery);
  const [address, change] = useActivityAddress();
  const [live, setLive] = useState(true);
  const said = JSON.stringify(address);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `said` is the address
  const wanted = useMemo(() => {
    const intervals = intervalsOf(address, me?.activity.days ?? 0, new Date());
    return { filter: filterOf(address, me?.user_id ?? ""), intervals };
  }, [said, me?.user_id, me?.activity.days]);
  if (!me) return null;
  if (!me.can.manage || !me.can.read) return <Hidden />;

  const failing = address.view === "failures";
  const [interval, more] = wanted.intervals;
  return (
    <Page
      fills
      title={t("activity.title")}
      actions={
        <>
          <Switch on={live} onFlip={() => setLive(!live)} icon={Radio} label={t("activity.live")} />
          <Views address={address} onChange={change} className="max-md:hidden" />
          {/* An hour of each week is many downloads: it cannot be one. */}
          {interval && !more && <Export filter={wanted.filter} interval={interval} />}
        </>
      }
    >
      <p className="mb-2 text-xs text-soft">
        {t(`activity.kept.${me.activity.queries}`, { days: me.activity.days })}
      </p>
      {!failing && <Filters address={address} onChange={change} />}
      {!failing && address.heat && <ByHour address={address} onChange={change} />}
      {failing ? (
        <Failures onBack={() => change({ view: "calls" })} />
      ) : (
        <Calls
          key={JSON.stringify(wanted)}
          {...wanted}
          me={me.user_id}
          live={live}
          narrowed={isNarrowed(address)}
          onClear={() => change(NO_FILTERS)}
        />
      )}
    </Page>
  );
}

function isNarrowed(address: ActivityAddress): boolean {
  return Object.entries(NO_FILTERS).some(
    ([name, none]) => address[name as keyof ActivityAddress] !== none,
  );
}

function Hidden() {
  return (
    <Page title={t("activity.title")}>
      <Empty
        icon={LockKeyhole}
        title={t("activity.empty.forbidden.title")}
        text={t("activity.empty.forbidden.text")}
      />
    </Page>
  );
}
