import type { ListWish, MemoryItem, Operation } from "@/api/queries/memories";
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
  clear: () => void;
  openId: string | undefined;
  onOpen: (id: string | null, edit?: boolean) => void;
  can: Rights;
  wish: ListWish;
  showNews: () => void;
}

export const FILTER_BOX = "memories-filter";

/** The keys of the page. They are about what is selected; with nothing selected, about one row. */
export function useListKeys(list: Props): void {
  const { at, selection, openId, onOpen } = list;
  const change = useChange();

  /** Does the first of the operations that makes sense for what they are about. */
  const act = (...operations: Operation[]) => {
    const one = list.itemAt(at);
    const about = isNone(selection)
      ? one && { states: [one.state], wanted: { ids: [one.id] } }
      : wantedOf(selection, list.wish, list.loaded());
    if (!about) return;
    const possible = offered(about.states, list.can);
    const operation = operations.find((each) => possible.includes(each));
    if (operation) change.mutate({ operation, wanted: about.wanted });
  };
  const leave = () => {
    if (!isNone(selection)) list.clear();
    else if (openId !== undefined) onOpen(null);
  };
  const edit = () => {
    const id = openId ?? list.itemAt(at)?.id;
    if (id !== undefined && list.can.write) onOpen(id, true);
  };

  useShortcuts("page", [
    { keys: "j", label: t("memories.key.down"), run: () => list.goTo(at + 1) },
    { keys: "k", label: t("memories.key.up"), run: () => list.goTo(at - 1) },
    { keys: "Home End", label: t("memories.key.ends") },
    { keys: "Enter", label: t("memories.key.open") },
    { keys: "x", label: t("memories.key.select"), run: () => list.flip(at) },
    { keys: "Shift+ArrowDown Shift+ArrowUp", label: t("memories.key.range") },
    { keys: "Ctrl+a", label: t("memories.key.all") },
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
