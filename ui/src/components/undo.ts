/** Tells of an action that was done, with the way back. */

import { queryClient } from "@/api/cache";
import { api, body } from "@/api/client";
import { wordsFor } from "@/components/ProblemCard";
import { t } from "@/i18n/t";

let last: (() => Promise<void>) | undefined;

// Loaded with the first message: nobody waits for it.
const toaster = async () => (await import("sonner")).toast;

/** A message with Undo; it stays while it is pointed at. Without an action there is nothing to undo. */
export async function done(message: string, actionId: string | null): Promise<void> {
  const toast = await toaster();
  if (actionId === null) {
    toast(message);
    return;
  }
  last = () => undo(actionId);
  toast(message, {
    id: actionId,
    duration: 10_000,
    action: { label: t("common.undo"), onClick: () => void undo(actionId) },
  });
}

export async function failed(error: unknown): Promise<void> {
  const toast = await toaster();
  const { title, text } = wordsFor(error);
  toast.error(title, { description: text, duration: 10_000 });
}

/** Takes back the last thing done in this tab. */
export async function undoLast(): Promise<void> {
  await last?.();
  last = undefined;
}

async function undo(actionId: string): Promise<void> {
  const toast = await toaster();
  try {
    await body(
      api.POST("/api/v1/actions/{action_id}/undo", { params: { path: { action_id: actionId } } }),
    );
    toast.dismiss(actionId);
    toast(t("common.undone"));
  } catch (error) {
    await failed(error);
  }
  await queryClient.invalidateQueries();
}
