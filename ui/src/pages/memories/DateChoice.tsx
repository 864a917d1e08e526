import { lazy, Suspense } from "react";
import { DropChip } from "@/components/DropChip";
import { useOpener } from "@/components/opener";
import { t } from "@/i18n/t";
import { dayOf } from "@/i18n/time";

export interface Dates {
  /** Days (or moments), or empty. */
  from: string;
  to: string;
}

interface Props extends Dates {
  onChange: (dates: Dates) => void;
}

const DateBody = lazy(() => import("@/pages/memories/DateBody"));

/** A chip that opens the two ends of a time. */
export function DateChoice({ from, to, onChange }: Props) {
  const [opener, button] = useOpener("dialog");
  const chosen = from !== "" || to !== "";
  return (
    <>
      <DropChip {...button} on={chosen}>
        {t("memories.filter.date")}
        {chosen && ` ${said(from, to)}`}
      </DropChip>
      <Suspense>
        {opener.near && <DateBody {...opener} from={from} to={to} onChange={onChange} />}
      </Suspense>
    </>
  );
}

function said(from: string, to: string): string {
  const [a, b] = [shown(from), shown(to)];
  if (a && b) return t("memories.filter.dateBetween", { from: a, to: b });
  return a
    ? t("memories.filter.dateSince", { from: a })
    : t("memories.filter.dateUntil", { to: b });
}

function shown(day: string): string {
  return Number.isNaN(Date.parse(day)) ? "" : dayOf(day);
}
