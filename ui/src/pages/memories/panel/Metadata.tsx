import { useState } from "react";
import type { MemoryDetail } from "@/api/queries/memory";
import { t } from "@/i18n/t";
import { Fact } from "@/pages/memories/panel/Facts";

/** What clients stored beside the text, as a table or as it is. */
export function Metadata({ metadata }: { metadata: MemoryDetail["metadata"] }) {
  const [json, setJson] = useState(false);
  const entries = Object.entries(metadata ?? {});
  if (entries.length === 0) return null;
  return (
    <section>
      <div className="mb-1.5 flex items-center gap-2">
        <h3 className="font-semibold">{t("memory.metadata.title")}</h3>
        <button
          type="button"
          onClick={() => setJson(!json)}
          className="ms-auto min-h-6 text-xs text-soft underline hover:text-ink max-md:min-h-11"
        >
          {json ? t("memory.metadata.table") : t("memory.metadata.json")}
        </button>
      </div>
      {json ? (
        <pre className="overflow-x-auto rounded-lg bg-sunken p-3 font-mono text-xs">
          {JSON.stringify(metadata, null, 2)}
        </pre>
      ) : (
        <dl className="grid grid-cols-[7rem_minmax(0,1fr)] gap-y-1.5 text-sm">
          {entries.map(([key, value]) => (
            <Fact key={key} name={key}>
              <bdi>{typeof value === "string" ? value : JSON.stringify(value)}</bdi>
            </Fact>
          ))}
        </dl>
      )}
    </section>
  );
}
