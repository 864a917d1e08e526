import { useQueryClient } from "@tanstack/react-query";
import type { ListWish, MemoryItem, Operation } from "@/api/queries/memories";
import { memoryQuery } from "@/api/queries/memory";
import { undoLast } from "@/components/undo";
import { t } from "@/i18n/t";
import { useShortcuts } from "@/keys/shortcuts";
import { wantedOf } from "@/pages/memories/chosen";
import { offered, type Rights, useChange } from "@/pages/memories/operations";
import { isNone, type Selection } from "@/pages/memories/selection";

interface Props {
  at: number;
  goTo: (index: number) => void;
  itemAt: (index: number) => MemoryItem | undefined;
  loaded: () => MemoryItem[];
  selection: Selection;
  flip: (index: number) => void;
  all: () => void;
  clear: () => void;
  openId: string | undefined;
  onOpen: (id: string | null, edit?: boolean) => void;
  can: Rights;
  wish: ListWish;
  showNews: () => void;
}

export const FILTER_BOX = "memories-filter";

const isInList = () => document.activeElement?.closest("[data-index]") != null;

/** The keys of the page. They are about what is selected; else about the row or the open memory. */
export function useListKeys(list: Props): void {
  const { at, selection, openId, onOpen } = list;
  const client = useQueryClient();
  const change = useChange();

  /** The one that the keys are about: where the focus is; none while that cannot be seen. */
  const atHand = () => {
    if (isInList()) return list.itemAt(at);
    return openId === undefined ? undefined : client.getQueryData(memoryQuery(openId).queryKey);
  };
  const about = () => {
    if (!isNone(selection)) return wantedOf(selection, list.wish, list.loaded());
    const one = atHand();
    return one && { states: [one.state], wanted: { ids: [one.id] } };
  };
  /** Does the first of the operations that makes sense for what they are about. */
  const act = (...operations: Operation[]) => {
    const which = about();
    if (!which) return list.goTo(at);
    const possible = offered(which.states, list.can);
    const operation = operations.find((each) => possible.includes(each));
    if (operation) change.mutate({ operation, wanted: which.wanted });
  };
  /** The first key only shows where one is. */
  const step = (by: number) => list.goTo(isInList() ? at + by : at);
  const flip = () => {
    list.flip(at);
    list.goTo(at);
  };
  const leave = () => {
    if (!isNone(selection)) list.clear();
    else if (openId !== undefined) onOpen(null);
  };
  const edit = () => {
    const one = atHand();
    if (!one) list.goTo(at);
    else if (list.can.write) onOpen(one.short_id ?? one.id, true);
  };

  useShortcuts("page", [
    { keys: "j", label: t("memories.key.down"), run: () => step(1) },
    { keys: "k", label: t("memories.key.up"), run: () => step(-1) },
    { keys: "Home End", label: t("memories.key.ends") },
    { keys: "Enter", label: t("memories.key.open") },
    { keys: "x", label: t("memories.key.select"), run: flip },
    { keys: "Shift+ArrowDown Shift+ArrowUp", label: t("memories.key.range") },
    { keys: "Ctrl+a", label: t("memories.key.all"), run: list.all },
    { keys: "e", label: t("memories.key.edit"), run: edit },
    { keys: "p", label: t("memories.key.pause"), run: () => act("pause", "resume") },
    { keys: "a", label: t("memories.key.archive"), run: () => act("archive", "unarchive") },
    { keys: "Delete", label: t("memories.key.delete"), run: () => act("delete") },
    { keys: "z", label: t("memories.key.undo"), run: () => void undoLast() },
    { keys: ".", label: t("memories.key.showNew"), run: list.showNews },
    {
      keys: "f",
      label: t("memories.key.filter"),
      run: () => document.getElementById(FILTER_BOX)?.focus(),
    },
    { keys: "Escape", label: t("memories.key.leave"), run: leave },
  ]);
}
