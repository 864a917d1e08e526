import clsx from "clsx";
import type { Call } from "@/api/queries/activity";
import { deedOf, iconOf } from "@/components/calls";
import { t } from "@/i18n/t";

/** What a call did, as a picture and a word; a denied one says so in both. */
export function Deed({ call, className }: { call: Call; className?: string }) {
  const Icon = iconOf(call);
  const bad = call.outcome === "denied" || call.outcome === "failed";
  const deed = t(`activity.deed.${deedOf(call)}`);
  return (
    <span
      className={clsx(
        "inline-flex items-center gap-1.5 whitespace-nowrap",
        bad && "font-semibold text-bad",
        className,
      )}
    >
      <Icon aria-hidden className="size-4 shrink-0" />
      {call.outcome === "denied" ? t("activity.tried", { deed }) : deed}
    </span>
  );
}
