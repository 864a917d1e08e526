import { CheckCheck, LoaderCircle, TriangleAlert } from "lucide-react";
import type { MemoryDetail } from "@/api/queries/memory";
import { t } from "@/i18n/t";
import { savedOf } from "@/pages/memories/panel/saved";

/** After a save: whether agents find the memory as it is now. */
export function SaveState({ memory }: { memory: MemoryDetail }) {
  const saved = savedOf(memory.id);
  const words = saved?.version === memory.version ? stateOf(memory, saved.changed) : null;
  return (
    <p
      role="status"
      data-testid="save-state"
      className={words ? `flex items-center gap-1.5 ${words.tone}` : "sr-only"}
    >
      {words && (
        <>
          <words.icon aria-hidden className="size-4 shrink-0" />
          {words.text}
        </>
      )}
    </p>
  );
}

function stateOf({ technical, state }: MemoryDetail, changed: boolean) {
  if (!changed) return { icon: CheckCheck, tone: "text-soft", text: t("memory.save.unchanged") };
  // What is paused or archived no agent finds, and the page says so below.
  if (state !== "active") return null;
  switch (technical.index) {
    case "pending":
      return { icon: LoaderCircle, tone: "text-warn", text: t("memory.save.reindexing") };
    case "failed":
      return { icon: TriangleAlert, tone: "text-bad", text: t("memory.save.failed") };
    default:
      return { icon: CheckCheck, tone: "text-good", text: t("memory.save.found") };
  }
}
