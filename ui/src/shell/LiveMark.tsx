import clsx from "clsx";
import { useEffect, useState } from "react";
import { t } from "@/i18n/t";
import { timeOfDay } from "@/i18n/time";
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
  const [waiting, setWaiting] = useState(0);
  const [said, setSaid] = useState("");
  useLiveEvents(({ type, data }) => {
    if (type === "memory.created") setWaiting((n) => n + Number(data.count ?? 1));
  });
  useEffect(() => {
    if (waiting === 0) return;
    const timer = setTimeout(() => {
      setSaid(t("shell.arrived", { n: waiting }));
      setWaiting(0);
    }, ANNOUNCE_MS);
    return () => clearTimeout(timer);
  }, [waiting]);
  return (
    <span role="status" className="sr-only">
      {announce ? said : ""}
    </span>
  );
}
