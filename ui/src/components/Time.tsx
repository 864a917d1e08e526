import { useMinute } from "@/components/minute";
import { t } from "@/i18n/t";
import { absolute, ago } from "@/i18n/time";

/** A moment: relative to read, absolute on hover and for machines. */
export function Time({ at, className }: { at: string | null | undefined; className?: string }) {
  useMinute();
  if (!at) return <span className={className}>{t("common.never")}</span>;
  return (
    <time dateTime={at} title={absolute(at)} className={className}>
      {ago(at)}
    </time>
  );
}
