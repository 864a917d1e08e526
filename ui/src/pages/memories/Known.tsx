import { Link } from "@tanstack/react-router";
import type { MemoryItem } from "@/api/queries/memories";
import { t } from "@/i18n/t";

interface Props {
  memory: MemoryItem;
  /** Categories were named, too, which a known memory does not take over. */
  apart: boolean;
  onOpen: () => void;
}

/** Nothing was added, for the store has it already. */
export function Known({ memory, apart, onOpen }: Props) {
  const id = memory.short_id ?? memory.id;
  return (
    <div role="status" className="grid gap-1 rounded-lg bg-warn-soft px-3 py-2 text-warn">
      <p>
        <strong className="font-semibold">{t("memories.new.known")}</strong>{" "}
        {apart && t("memories.new.knownApart")}
      </p>
      <Link
        to="/memories/$id"
        params={{ id }}
        onClick={onOpen}
        className="inline-flex min-h-6 items-center justify-self-start font-semibold underline max-md:min-h-11"
      >
        {t("memories.new.knownOpen", { id })}
      </Link>
    </div>
  );
}
