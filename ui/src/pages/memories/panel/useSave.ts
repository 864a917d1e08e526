import { useMutation, useQueryClient } from "@tanstack/react-query";
import { reloadLists } from "@/api/queries/memories";
import { type Edit, editMemory, memoryQuery } from "@/api/queries/memory";
import { done } from "@/components/undo";
import { t } from "@/i18n/t";
import { dropDraft } from "@/pages/memories/panel/drafts";
import { noteSaved } from "@/pages/memories/panel/saved";

/** Saves a change of one memory, if it still is the version that was changed. */
export function useSave(id: string, onSaved: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ version, edit }: { version: number; edit: Edit }) =>
      editMemory(id, version, edit),
    onSuccess: ({ memory, action_id, indexed }) => {
      dropDraft(id);
      noteSaved(id, { version: memory.version, changed: action_id !== null });
      for (const name of [memory.id, memory.short_id ?? memory.id]) {
        client.setQueryData(memoryQuery(name).queryKey, memory);
      }
      void client.invalidateQueries({ queryKey: ["memory"] });
      void reloadLists(client);
      if (action_id !== null) {
        void done(indexed ? t("memory.save.found") : t("memory.save.reindexing"), action_id);
      }
      onSaved();
    },
  });
}
