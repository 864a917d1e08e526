import { t } from "@/i18n/t";
import type { ActivityAddress } from "@/pages/activity/address";
import { Switch } from "@/pages/activity/Switch";

interface Props {
  address: ActivityAddress;
  onChange: (change: Partial<ActivityAddress>, how?: { replace: boolean }) => void;
  className?: string;
}

/** What else the page shows: by hour, calls of others, what was only looked at, failures. */
export function Views({ address, onChange, className = "" }: Props) {
  const failing = address.view === "failures";
  return (
    <>
      <Switch
        on={address.heat}
        onFlip={() => onChange({ heat: !address.heat })}
        label={t("activity.byHour")}
        className={className}
      />
      <Switch
        on={address.looks}
        onFlip={() => onChange({ looks: !address.looks })}
        label={t("activity.looks")}
        className={className}
      />
      <Switch
        on={address.everyone}
        onFlip={() => onChange({ everyone: !address.everyone })}
        label={t("activity.everyone")}
        className={className}
      />
      <Switch
        on={failing}
        onFlip={() => onChange({ view: failing ? "calls" : "failures" }, { replace: false })}
        label={t("activity.failures")}
        className={className}
      />
    </>
  );
}
