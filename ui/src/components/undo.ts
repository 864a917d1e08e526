/** Tells of an action that was done, with the way back. */

import { queryClient } from "@/api/cache";
import { api, body } from "@/api/client";
import { wordsFor } from "@/components/ProblemCard";
import { toaster } from "@/components/Toasts";
import { t } from "@/i18n/t";

let last: (() => Promise<void>) | undefined;

type Back = () => Promise<unknown>;

/**
 * A message with Undo; it stays while it is pointed at. Without a way back there is nothing to undo.
 * The way back is an action's id, or for what is none a call that sets it as it was.
 */
export async function done(message: string, back: string | Back | null): Promise<void> {
  const toast = await toaster();
  if (back === null) {
    toast(message);
    return;
  }
  const id = typeof back === "string" ? back : message;
  const undoing = () => undo(id, typeof back === "string" ? () => undoAction(back) : back);
  last = undoing;
  toast(message, {
    id,
    duration: 10_000,
    action: { label: t("common.undo"), onClick: () => void undoing() },
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

const undoAction = (action_id: string) =>
  body(api.POST("/api/v1/actions/{action_id}/undo", { params: { path: { action_id } } }));

async function undo(id: string, back: Back): Promise<void> {
  const toast = await toaster();
  try {
    await back();
    toast.dismiss(id);
    toast(t("common.undone"));
  } catch (error) {
    await failed(error);
  }
  await queryClient.invalidateQueries();
}
