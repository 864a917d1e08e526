import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";
import { lazy, Suspense } from "react";
import { reloadLists } from "@/api/queries/memories";
import {
  historyQuery,
  type MemoryDetail,
  restoreVersion,
  type Version,
} from "@/api/queries/memory";
import { Answer, Lines } from "@/components/Answer";
import { AppName } from "@/components/AppName";
import { Button } from "@/components/Button";
import { Time } from "@/components/Time";
import { done, failed } from "@/components/undo";
import { count, t } from "@/i18n/t";
import {
  type Difference,
  differencesOf,
  stateChange,
  textChanged,
} from "@/pages/memories/panel/versions";

// What compares words comes with the first history that is looked at.
const Words = lazy(() => import("@/pages/memories/panel/Words"));

interface Props {
  memory: MemoryDetail;
  mayRestore: boolean;
}

/** Every version, newest first: who made it, how, and what changed. */
export function History({ memory, mayRestore }: Props) {
  const client = useQueryClient();
  const history = useQuery(historyQuery(memory.id));
  const restore = useMutation({
    mutationFn: (version: number) => restoreVersion(memory.id, version, memory.version),
    onSuccess: ({ action_id }, n) => void done(t("memory.history.restored", { n }), action_id),
    onError: (error) => void failed(error),
    onSettled: () =>
      Promise.all([client.invalidateQueries({ queryKey: ["memory"] }), reloadLists(client)]),
  });
  return (
    <Answer query={history} skeleton={<Lines n={3} className="h-14" />}>
      {({ versions }) =>
        versions.length === 0 ? (
          <p className="text-soft">{t("memory.history.empty")}</p>
        ) : (
          <ol className="grid gap-4">
            {versions.toReversed().map((version) => (
              <li key={version.version} className="grid gap-1.5 border-s-2 border-line ps-3">
                <Made version={version} current={version.version === memory.version} />
                <Changed version={version} />
                {mayRestore && version.version !== memory.version && version.after && (
                  <Button
                    look="quiet"
                    icon={RotateCcw}
                    disabled={restore.isPending}
                    onClick={() => restore.mutate(version.version)}
                    aria-label={t("memory.history.restore", { n: version.version })}
                    className="-ms-2 justify-self-start"
                  >
                    {t("memory.history.restoreShort")}
                  </Button>
                )}
              </li>
            ))}
          </ol>
        )
      }
    </Answer>
  );
}

function Made({ version, current }: { version: Version; current: boolean }) {
  return (
    <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
      <strong className="font-semibold">{t(`memory.history.deed.${version.action_kind}`)}</strong>
      <span className="text-xs text-soft tabular-nums">
        {t("memory.history.version", { n: count(version.version) })}
        {current && `, ${t("memory.history.current")}`}
        {version.undone_by && `, ${t("memory.history.undone")}`}
      </span>
      <span className="ms-auto flex items-center gap-2 text-xs text-soft">
        {version.app === null ? t("memory.history.user") : <AppName app={version.app} />}
        <Time at={version.at} />
      </span>
    </div>
  );
}

function Changed({ version }: { version: Version }) {
  const { before, after } = version;
  const state = stateChange(version);
  return (
    <>
      {!before && after && (
        <p dir="auto" className="line-clamp-6 [overflow-wrap:anywhere] whitespace-pre-wrap">
          {after.text}
        </p>
      )}
      {before && after && textChanged(version) && (
        <Suspense fallback={<p dir="auto">{after.text}</p>}>
          <Words before={before.text} after={after.text} />
        </Suspense>
      )}
      {state && (
        <p className="text-soft">
          {t("memory.history.states", {
            before: t(`common.state.${state.before}`),
            after: t(`common.state.${state.after}`),
          })}
        </p>
      )}
      {differencesOf(version).map((each) => (
        <Fields key={each.what} difference={each} />
      ))}
    </>
  );
}

function Fields({ difference: { what, added, removed } }: { difference: Difference }) {
  return (
    <p className="flex flex-wrap items-baseline gap-1.5 text-xs">
      <span className="text-soft">{t(`memory.history.${what}`)}</span>
      {removed.map((each) => (
        <del key={each} className="rounded-sm bg-bad-soft px-1 text-bad [overflow-wrap:anywhere]">
          <span aria-hidden>− </span>
          <bdi>{each}</bdi>
        </del>
      ))}
      {added.map((each) => (
        <ins key={each} className="rounded-sm bg-good-soft px-1 text-good [overflow-wrap:anywhere]">
          <span aria-hidden>+ </span>
          <bdi>{each}</bdi>
        </ins>
      ))}
    </p>
  );
}
