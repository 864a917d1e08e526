import {
  Archive,
  ArchiveRestore,
  CirclePause,
  CirclePlay,
  Flame,
  type LucideIcon,
  Tags,
  Trash2,
  Undo2,
  X,
} from "lucide-react";
import { useState } from "react";
import {
  type ListWindow,
  MAX_AT_ONCE,
  type MemoryItem,
  type Operation,
} from "@/api/queries/memories";
import { Button, IconButton } from "@/components/Button";
import { count, t } from "@/i18n/t";
import { Categorise } from "@/pages/memories/Categorise";
import { wantedOf } from "@/pages/memories/chosen";
import { offered, type Rights, useChange } from "@/pages/memories/operations";
import { PurgeDialog } from "@/pages/memories/PurgeDialog";
import { isNone, type Selection, sizeOf } from "@/pages/memories/selection";

export const ICONS: Record<Operation, LucideIcon> = {
  pause: CirclePause,
  resume: CirclePlay,
  archive: Archive,
  unarchive: ArchiveRestore,
  categorise: Tags,
  delete: Trash2,
  restore: Undo2,
  purge: Flame,
};

interface Props {
  selection: Selection;
  head: ListWindow;
  can: Rights;
  loaded: () => MemoryItem[];
  onAll: () => void;
  onClear: () => void;
}

/** What can be done to all that is selected, in one action with one undo. */
export function BulkBar({ selection, head, can, loaded, onAll, onClear }: Props) {
  const change = useChange();
  const [asking, setAsking] = useState<"categorise" | "purge" | null>(null);
  if (isNone(selection)) return null;
  const n = sizeOf(selection, head.total);
  const tooMany = n > MAX_AT_ONCE;
  const { wanted, states } = wantedOf(selection, head.wish, loaded());
  const run = (operation: Operation, categories?: { add: string[]; remove: string[] }) => {
    setAsking(null);
    change.mutate(
      { operation, wanted, ...(categories ? { categories } : {}) },
      { onSuccess: onClear },
    );
  };
  const press = (operation: Operation) =>
    operation === "categorise" || operation === "purge" ? setAsking(operation) : run(operation);

  return (
    <div
      role="toolbar"
      aria-label={t("memories.bulk.label")}
      aria-busy={change.isPending}
      className="mt-2 flex flex-wrap items-center gap-x-1 gap-y-1 rounded-card border border-line bg-raised px-2 py-1.5 shadow-pop"
    >
      <IconButton icon={X} label={t("memories.bulk.clear")} onClick={onClear} />
      <span role="status" className="me-1 font-semibold tabular-nums">
        {change.isPending ? t("memories.bulk.working", { n }) : t("memories.bulk.selected", { n })}
      </span>
      {!selection.all && n < head.total && (
        <Button look="quiet" onClick={onAll} className="text-accent">
          {t("memories.bulk.selectAll", { count: count(head.total) })}
        </Button>
      )}
      {tooMany && (
        <span className="text-warn">
          {t("memories.bulk.tooMany", { count: count(MAX_AT_ONCE) })}
        </span>
      )}
      <span className="flex flex-wrap items-center gap-1 md:ms-auto">
        {offered(states, can).map((operation) => (
          <Button
            key={operation}
            look={operation === "purge" ? "danger" : "quiet"}
            icon={ICONS[operation]}
            disabled={change.isPending || tooMany}
            onClick={() => press(operation)}
            className="max-md:min-w-14 max-md:flex-col max-md:gap-0.5 max-md:px-1 max-md:text-xs"
          >
            {t(`memories.do.${operation}`)}
          </Button>
        ))}
      </span>
      {change.isPending && (
        <span className="h-0.5 w-full overflow-hidden rounded bg-line">
          <span className="block h-full w-1/3 animate-pulse rounded bg-accent" />
        </span>
      )}
      {asking === "categorise" && (
        <Categorise
          onClose={() => setAsking(null)}
          onDone={(categories) => run("categorise", categories)}
        />
      )}
      {asking === "purge" && (
        <PurgeDialog n={n} onClose={() => setAsking(null)} onDone={() => run("purge")} />
      )}
    </div>
  );
}
