import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { simulateQuery } from "@/api/queries/access";
import type { Call } from "@/api/queries/activity";
import { appsQuery } from "@/api/queries/apps";
import { Explanation } from "@/components/Explanation";
import { t } from "@/i18n/t";

const LINK = "inline-flex min-h-6 items-center font-semibold text-accent underline max-md:min-h-11";

/** Why a call was refused, as far as it can be said now, and the ways to settle it. */
export function Refused({ call }: { call: Call }) {
  const { data } = useQuery(appsQuery());
  const app = call.app;
  const paused = data?.apps.some(({ name, paused }) => name === app && paused);
  const memory = call.hits[0]?.memory_id;
  return (
    <div className="grid gap-1 rounded-lg bg-bad-soft p-3">
      <p className="text-bad">{reasonOf(call, paused ?? false)}</p>
      {app && memory && !paused && <Decision app={app} memory={memory} kind={call.kind} />}
      {app && call.status === 403 && (
        <p className="flex flex-wrap gap-x-4">
          {paused ? (
            <Link to="/apps/$app" params={{ app }} className={LINK}>
              {t("activity.toApp", { app })}
            </Link>
          ) : (
            <Link to="/access" search={{ app, column: "row" } as never} className={LINK}>
              {t("activity.makeRule", { app })}
            </Link>
          )}
          <Link to="/access" search={question(call) as never} className={LINK}>
            {t("activity.tryOut")}
          </Link>
        </p>
      )}
    </div>
  );
}

function reasonOf(call: Call, paused: boolean): string {
  if (call.status === 401) return t("activity.reason.key");
  if (call.status === 421) return t("activity.reason.host");
  if (!call.app) return t("activity.reason.scope");
  if (paused) return t("activity.reason.paused", { app: call.app });
  return t(`activity.reason.${call.kind}`, { app: call.app });
}

/** What the decision about the memory is now; it may have been another one then. */
function Decision(props: { app: string; memory: string; kind: Call["kind"] }) {
  const { app, memory, kind } = props;
  const verb = kind === "write" ? "write" : "read";
  const { data } = useQuery(simulateQuery({ app, memory, verb }));
  if (!data?.explanation) return null;
  return (
    <div className="grid gap-1">
      <p className="text-xs text-soft">{t("activity.decidedNow")}</p>
      <Explanation of={data.explanation} />
    </div>
  );
}

/** The same question, asked of the simulator. */
function question({ app, kind, query, hits }: Call) {
  const memory = hits[0]?.memory_id;
  const verb = kind === "write" ? "write" : "read";
  const about = memory ? { memory } : query ? { query } : {};
  return { view: "simulate", as: app ?? "", verb, ...about };
}
