import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type KeyboardEvent, useRef, useState } from "react";
import { meQuery } from "@/api/queries/me";
import { addMemory, reloadLists } from "@/api/queries/memories";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Field, TextArea } from "@/components/Field";
import { wordsFor } from "@/components/ProblemCard";
import { done } from "@/components/undo";
import { t } from "@/i18n/t";
import { useLive } from "@/live/LiveProvider";
import { CategoryBox } from "@/pages/memories/CategoryBox";
import { HowToStore } from "@/pages/memories/HowToStore";
import { Known } from "@/pages/memories/Known";
import { namesBeside, namesIn, tooLong } from "@/pages/memories/operations";
import { Similar } from "@/pages/memories/Similar";

/** What was begun, in case that the dialog is closed by mistake. */
let begun = { text: "", categories: "" };

/** Writes a memory, and shows while one types what may say the same already. */
export default function NewMemory({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const { status } = useLive();
  const { data: me } = useQuery(meQuery);
  const [draft, setDraft] = useState(begun);
  const [infer, setInfer] = useState(false);
  const [blank, setBlank] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  const { text, categories } = draft;
  const names = namesIn(categories);

  const add = useMutation({
    mutationFn: () =>
      addMemory({ text, infer, ...(names.length > 0 ? { categories: names } : {}) }),
    onSuccess: ({ event, action_id }) => {
      if (event === "NONE") return;
      begun = { text: "", categories: "" };
      if (event === "ADD") void done(t("memories.new.saved"), action_id);
      else void done(t("memories.new.pending"), null);
      // Else the list hears of it as of every other.
      if (status.kind !== "live") void reloadLists(client);
      onClose();
    },
  });
  const change = (next: Partial<typeof draft>) => {
    begun = { ...draft, ...next };
    setDraft(begun);
    setBlank(false);
    add.reset();
  };
  const cancel = () => {
    begun = { text: "", categories: "" };
    onClose();
  };
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (text.trim() === "" || tooLong(text)) {
      setBlank(text.trim() === "");
      box.current?.focus();
    } else if (!add.isPending) add.mutate();
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
  };
  const wrong = blank
    ? t("memories.new.blank")
    : (tooLong(text) ?? (add.error && wordsFor(add.error).text));
  const known = add.data?.event === "NONE" ? add.data.items[0] : undefined;
  const left = add.data?.not_applied.includes("categories") ? namesBeside(names, known) : [];
  return (
    <Dialog open onClose={onClose} title={t("shell.newMemory")}>
      <form onSubmit={submit} onKeyDown={press} noValidate className="grid gap-4">
        <Field label={t("memories.new.text")} error={wrong}>
          {(ids) => (
            <TextArea
              {...ids}
              ref={box}
              required
              value={text}
              onChange={(event) => change({ text: event.target.value })}
            />
          )}
        </Field>
        {known ? <Known memory={known} left={left} onOpen={cancel} /> : <Similar text={text} />}
        <CategoryBox
          label={t("memories.category.label")}
          hint={t("memories.category.hintNew")}
          value={categories}
          onChange={(next) => change({ categories: next })}
        />
        {me?.extractor && <HowToStore infer={infer} onChange={setInfer} />}
        <div className="flex justify-end gap-2">
          <Button onClick={cancel}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary" disabled={add.isPending}>
            {t("memories.new.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
