import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Brain, LockKeyhole, SearchX, Trash2 } from "lucide-react";
import { meQuery } from "@/api/queries/me";
import { type ListWish, reloadLists } from "@/api/queries/memories";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { t } from "@/i18n/t";
import { useLiveEvents } from "@/live/LiveProvider";
import { type Address, NO_FILTERS, narrowed, statesOf } from "@/pages/memories/filters";
import { openOverlay } from "@/shell/overlays";

interface Props {
  wish: ListWish;
  onChange: (next: Partial<Address>, options?: { replace?: boolean }) => void;
  forbidden?: boolean;
}

/** Nothing to list: nothing allowed, nothing matching, or nothing there yet. */
export function EmptyList({ wish, onChange, forbidden }: Props) {
  const client = useQueryClient();
  const { data: me } = useQuery(meQuery);
  useLiveEvents(({ type }) => {
    if (type.startsWith("memory.")) void reloadLists(client);
  });
  if (forbidden) {
    return (
      <Empty
        icon={LockKeyhole}
        title={t("memories.empty.forbidden.title")}
        text={t("memories.empty.forbidden.text")}
      />
    );
  }
  if (narrowed(wish) === 0) return <NothingYet mayWrite={me?.can.write === true} />;
  const onlyTrash = narrowed(wish) === 1 && statesOf(wish).join() === "trashed";
  const words = onlyTrash ? "trash" : "matching";
  return (
    <Empty
      icon={onlyTrash ? Trash2 : SearchX}
      title={t(`memories.empty.${words}.title`)}
      text={t(`memories.empty.${words}.text`, { n: me?.trash_days ?? 0 })}
    >
      <Button onClick={() => onChange(NO_FILTERS, { replace: false })}>
        {t("common.clearFilters")}
      </Button>
    </Empty>
  );
}

function NothingYet({ mayWrite }: { mayWrite: boolean }) {
  return (
    <Empty icon={Brain} title={t("memories.empty.none.title")} text={t("memories.empty.none.text")}>
      <Link
        to="/connect"
        className="inline-flex min-h-9 items-center rounded-lg bg-accent px-3 font-semibold text-accent-ink max-md:min-h-11"
      >
        {t("memories.empty.none.connect")}
      </Link>
      {mayWrite && (
        <Button onClick={() => openOverlay("new")}>{t("memories.empty.none.write")}</Button>
      )}
    </Empty>
  );
}
