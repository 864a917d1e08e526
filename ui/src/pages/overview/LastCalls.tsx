import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Call, lastCallsQuery } from "@/api/queries/activity";
import { Answer, Lines } from "@/components/Answer";
import { AppName } from "@/components/AppName";
import { deedOf, iconOf } from "@/components/calls";
import { MemoryText } from "@/components/MemoryText";
import { Section } from "@/components/Page";
import { Time } from "@/components/Time";
import { t } from "@/i18n/t";

const SHOWN = 10;
/** Enough to find so many reads and writes among what was managed. */
const ASKED = 20;

/** The newest calls, as they come. */
export function LastCalls({ user }: { user: string }) {
  const calls = useQuery(lastCallsQuery(user, ASKED));
  return (
    <Section
      title={t("overview.last.title")}
      actions={
        <Link
          to="/activity"
          className="inline-flex min-h-6 items-center text-xs text-accent max-md:min-h-11"
        >
          {t("overview.last.all")}
        </Link>
      }
    >
      <Answer query={calls} skeleton={<Lines n={SHOWN} className="h-9" />}>
        {({ results }) => <Rows calls={results.filter(({ kind }) => kind !== "manage")} />}
      </Answer>
    </Section>
  );
}

function Rows({ calls }: { calls: Call[] }) {
  if (calls.length === 0) return <p className="text-soft">{t("overview.last.none")}</p>;
  return (
    <ul className="-my-1.5 divide-y divide-line">
      {calls.slice(0, SHOWN).map((call) => (
        <Row key={call.id} call={call} />
      ))}
    </ul>
  );
}

function Row({ call }: { call: Call }) {
  const Icon = iconOf(call);
  const denied = call.outcome === "denied";
  const deed = t(`activity.deed.${deedOf(call)}`);
  return (
    <li className="grid grid-cols-[1.25rem_1fr] gap-x-2 py-1.5">
      <Icon aria-hidden className={`mt-0.5 size-4 ${denied ? "text-bad" : "text-faint"}`} />
      <p className="line-clamp-2 min-w-0 [overflow-wrap:anywhere]">
        <span className={denied ? "font-semibold text-bad" : "text-soft"}>
          {denied ? t("activity.tried", { deed }) : t(`activity.did.${deedOf(call)}`)}
        </span>{" "}
        <What call={call} />
      </p>
      <p className="col-start-2 flex min-w-0 items-center gap-2 text-xs text-soft">
        {call.app ? <AppName app={call.app} /> : t("overview.last.somebody")}
        <Time at={call.at} className="ms-auto whitespace-nowrap" />
      </p>
    </li>
  );
}

/** What was asked for, or what was written. */
function What({ call }: { call: Call }) {
  const [hit] = call.hits;
  if (call.query) return <bdi className="font-medium">{call.query}</bdi>;
  if (call.kind === "write" && hit && deedOf(call) !== "delete") {
    return (
      <Link to="/memories/$id" params={{ id: hit.memory_id }} className="hover:underline">
        <MemoryText id={hit.memory_id} />
      </Link>
    );
  }
  return null;
}
