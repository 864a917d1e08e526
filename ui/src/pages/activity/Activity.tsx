import { useQuery } from "@tanstack/react-query";
import { Download, LockKeyhole, Radio } from "lucide-react";
import { useMemo, useState } from "react";
import { ROOT } from "@/api/client";
import { meQuery } from "@/api/queries/me";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { Menu } from "@/components/Menu";
import { Page } from "@/components/Page";
import { t } from "@/i18n/t";
import { type ActivityAddress, NO_FILTERS, useActivityAddress } from "@/pages/activity/address";
import { ByHour } from "@/pages/activity/ByHour";
import { Calls } from "@/pages/activity/Calls";
import { Failures } from "@/pages/activity/Failures";
import { Filters } from "@/pages/activity/Filters";
import { filterOf, intervalsOf } from "@/pages/activity/filters";

const FORMATS = ["csv", "jsonl"] as const;

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
  const narrowed = Object.entries(NO_FILTERS).some(
    ([name, none]) => address[name as keyof ActivityAddress] !== none,
  );
  const download = (format: string) => {
    const query = new URLSearchParams({
      ...wanted.filter,
      ...wanted.intervals[0],
      format,
    } as never);
    location.assign(`${ROOT}/api/v1/activity?${query}`);
  };
  const items = FORMATS.map((format) => ({
    label: t("activity.download", { format: format.toUpperCase() }),
    onSelect: () => download(format),
  }));
  const { days, queries } = me.activity;
  return (
    <Page
      fills
      title={t("activity.title")}
      actions={
        <>
          <Toggle on={live} onFlip={() => setLive(!live)} icon={Radio} label={t("activity.live")} />
          <Toggle
            on={address.heat}
            onFlip={() => change({ heat: !address.heat })}
            label={t("activity.byHour")}
          />
          <Toggle
            on={address.everyone}
            onFlip={() => change({ everyone: !address.everyone })}
            label={t("activity.everyone")}
          />
          <Toggle
            on={failing}
            onFlip={() => change({ view: failing ? "calls" : "failures" }, { replace: false })}
            label={t("activity.failures")}
          />
          {/* An hour of each week is many downloads: it cannot be one. */}
          {wanted.intervals.length === 1 && (
            <Menu items={items}>
              <Button icon={Download}>{t("activity.download", { format: "" })}</Button>
            </Menu>
          )}
        </>
      }
    >
      <p className="mb-2 text-xs text-soft">{t(`activity.kept.${queries}`, { days })}</p>
      {!failing && <Filters address={address} onChange={change} />}
      {!failing && address.heat && <ByHour address={address} onChange={change} />}
      {failing ? (
        <Failures />
      ) : (
        <Calls
          key={JSON.stringify(wanted)}
          {...wanted}
          live={live}
          narrowed={narrowed}
          onClear={() => change(NO_FILTERS)}
        />
      )}
    </Page>
  );
}

interface ToggleProps {
  on: boolean;
  onFlip: () => void;
  label: string;
  icon?: typeof Radio;
}

function Toggle({ on, onFlip, label, icon }: ToggleProps) {
  return (
    <Button
      icon={icon}
      aria-pressed={on}
      onClick={onFlip}
      className={on ? "border-accent! bg-accent-soft! text-accent!" : ""}
    >
      {label}
    </Button>
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
