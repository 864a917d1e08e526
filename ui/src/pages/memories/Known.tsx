import { Link } from "@tanstack/react-router";
import type { MemoryItem } from "@/api/queries/memories";
import { listed, t } from "@/i18n/t";

interface Props {
  memory: MemoryItem;
  /** Categories that were named with the text, and that a known memory does not take over. */
  left: string[];
  onOpen: () => void;
}

/** Nothing was added, for the store has it already. */
export function Known({ memory, left, onOpen }: Props) {
  const id = memory.short_id ?? memory.id;
  return (
    <div role="status" className="grid gap-1 rounded-lg bg-warn-soft px-3 py-2 text-warn">
      <p>
        <strong className="font-semibold">{t("memories.new.known")}</strong>{" "}
        {left.length > 0 && t("memories.new.knownApart", { names: listed(left) })}
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
