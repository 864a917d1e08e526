import { Eye, EyeOff } from "lucide-react";
import type { MemoryItem } from "@/api/queries/memories";
import { Chip } from "@/components/Chip";
import { StateChip } from "@/components/StateChip";
import { t } from "@/i18n/t";

/** The first of them, and how many more there are. */
export function Categories({
  item,
  most,
  quiet,
}: {
  item: MemoryItem;
  most: number;
  quiet?: boolean;
}) {
  if (item.categories === null) {
    return quiet ? null : <span className="text-xs text-faint">{t("memories.row.undecided")}</span>;
  }
  const more = item.categories.length - most;
  return (
    <span className="flex min-w-0 items-center gap-1" title={item.categories.join(", ")}>
      {item.categories.slice(0, most).map((name) => (
        <Chip key={name}>
          <bdi className="truncate">{name}</bdi>
        </Chip>
      ))}
      {more > 0 && <span className="text-xs text-soft">{t("memories.row.more", { n: more })}</span>}
    </span>
  );
}

/** What keeps agents from getting it, if something does. */
export function State({ item, gone }: { item: MemoryItem; gone: boolean }) {
  if (gone) return <Chip tone="bad">{t("memories.row.gone")}</Chip>;
  if (item.state !== "active") return <StateChip state={item.state} />;
  if (!item.indexed) return <Chip tone="warn">{t("memories.row.indexing")}</Chip>;
  return <span className="text-xs text-faint">{t("common.state.active")}</span>;
}

/** How many of the known apps may read it now. */
export function Readers({ item: { readers } }: { item: MemoryItem }) {
  if (readers === null) return null;
  const Icon = readers.readable === 0 ? EyeOff : Eye;
  return (
    <span
      title={t("memories.row.readersLong", readers)}
      className="flex items-center gap-1 text-soft tabular-nums"
    >
      <Icon aria-hidden className="size-3.5 shrink-0 text-faint" />
      <span className="sr-only">{t("memories.row.readersLong", readers)}</span>
      <span aria-hidden>
        {readers.readable}/{readers.total}
      </span>
    </span>
  );
}
