import clsx from "clsx";
import { useEffect, useState } from "react";
import { t } from "@/i18n/t";
import { timeOfDay } from "@/i18n/time";
import { spoken, summedUp } from "@/live/announcing";
import { useLive, useLiveEvents } from "@/live/LiveProvider";
import { usePreferences } from "@/preferences";

const ANNOUNCE_MS = 5_000;

/** Whether what is shown is up to date by itself; reads new memories out, at most every 5 seconds. */
export function LiveMark() {
  const { status } = useLive();
  const words =
    status.kind === "offline"
      ? t("shell.live.offline", { time: timeOfDay(status.since) })
      : t(`shell.live.${status.kind}`);
  return (
    <>
      <span
        data-live={status.kind}
        title={words}
        className={clsx(
          "inline-flex items-center gap-1.5 text-xs",
          status.kind === "live" ? "text-good" : "text-warn",
        )}
      >
        <span aria-hidden className="size-2 rounded-full bg-current" />
        <span className="max-md:sr-only">{words}</span>
      </span>
      <Announcer />
    </>
  );
}

function Announcer() {
  const { announce } = usePreferences();
  const [said, setSaid] = useState("");
  const [news] = useState(() =>
    summedUp(ANNOUNCE_MS, (n) => setSaid((before) => spoken(t("shell.arrived", { n }), before))),
  );
  useEffect(() => news.stop, [news]);
  useLiveEvents(({ type, data }) => {
    if (announce && type === "memory.created") news.add(Number(data.count ?? 1));
  });
  return (
    <span role="status" className="sr-only">
      {said}
    </span>
  );
}
