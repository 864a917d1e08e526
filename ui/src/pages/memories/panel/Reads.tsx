import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "@/api/client";
import { type MemoryDetail, readsQuery } from "@/api/queries/memory";
import { Answer, Lines } from "@/components/Answer";
import { AppName } from "@/components/AppName";
import { Time } from "@/components/Time";
import { t } from "@/i18n/t";

type Call = Schemas["CallOut"];

/** Who was answered with the memory, to which query, and how high it came. */
export default function Reads({ memory, mayManage }: { memory: MemoryDetail; mayManage: boolean }) {
  const reads = useQuery({ ...readsQuery(memory.id), enabled: mayManage });
  if (!mayManage) return <p className="text-soft">{t("memory.reads.forbidden")}</p>;
  return (
    <Answer query={reads} skeleton={<Lines n={4} className="h-10" />}>
      {({ results, next }) => {
        const [newest] = results;
        if (newest === undefined) return <p className="text-soft">{t("memory.reads.none")}</p>;
        return (
          <>
            <p className="mb-1 text-soft">
              {t("memory.reads.summary", { n: Math.max(memory.reads, results.length) })}
              {newest.query && <bdi>, {t("memory.reads.last", { query: newest.query })}</bdi>}
            </p>
            <ul className="divide-y divide-line">
              {results.map((call) => (
                <Read key={call.id} call={call} memoryId={memory.id} />
              ))}
            </ul>
            {next && <p className="mt-2 text-xs text-soft">{t("memory.reads.more")}</p>}
          </>
        );
      }}
    </Answer>
  );
}

function Read({ call, memoryId }: { call: Call; memoryId: string }) {
  const hit = call.hits.find(({ memory_id }) => memory_id === memoryId);
  const place = [
    hit && t("memory.reads.rank", { rank: hit.rank }),
    hit?.score != null && t("memory.reads.score", { score: hit.score.toFixed(2) }),
  ];
  return (
    <li className="grid gap-1 py-2">
      <span dir="auto" className={call.query ? "[overflow-wrap:anywhere]" : "text-soft"}>
        {call.query ?? t("memory.reads.noQuery")}
      </span>
      <span className="flex flex-wrap items-center gap-x-2 text-xs text-soft">
        <AppName app={call.app} />
        <span className="font-mono">{call.operation}</span>
        <span className="tabular-nums">{place.filter(Boolean).join(", ")}</span>
        <Time at={call.at} className="ms-auto" />
      </span>
    </li>
  );
}
