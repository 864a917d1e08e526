import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
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
import { namesIn } from "@/pages/memories/operations";
import { Similar } from "@/pages/memories/Similar";

type Added = Awaited<ReturnType<typeof addMemory>>;

/** Writes a memory, and shows while one types what may say the same already. */
export default function NewMemory({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const { status } = useLive();
  const { data: me } = useQuery(meQuery);
  const [text, setText] = useState("");
  const [categories, setCategories] = useState("");
  const [infer, setInfer] = useState(false);
  const [blank, setBlank] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => box.current?.focus(), []);

  const add = useMutation({
    mutationFn: () => {
      const names = namesIn(categories);
      return addMemory({ text, infer, ...(names.length > 0 ? { categories: names } : {}) });
    },
    onSuccess: (added) => {
      void done(told(added), added.event === "ADD" ? added.action_id : null);
      // Else the list hears of it as of every other.
      if (status.kind !== "live") void reloadLists(client);
      onClose();
    },
  });
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (text.trim() === "") {
      setBlank(true);
      box.current?.focus();
    } else if (!add.isPending) add.mutate();
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
  };
  return (
    <Dialog open onClose={onClose} title={t("shell.newMemory")}>
      <form onSubmit={submit} onKeyDown={press} noValidate className="grid gap-4">
        <Field
          label={t("memories.new.text")}
          error={blank ? t("memories.new.blank") : add.error && wordsFor(add.error).text}
        >
          {(ids) => (
            <TextArea
              {...ids}
              ref={box}
              required
              value={text}
              onChange={(event) => {
                setText(event.target.value);
                setBlank(false);
              }}
            />
          )}
        </Field>
        <Similar text={text} />
        <CategoryBox
          label={t("memories.category.label")}
          hint={t("memories.category.hintNew")}
          value={categories}
          onChange={setCategories}
        />
        {me?.extractor && <HowToStore infer={infer} onChange={setInfer} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary" disabled={add.isPending}>
            {t("memories.new.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function told({ event, items }: Added): string {
  if (event === "PENDING") return t("memories.new.pending");
  if (event === "ADD") return t("memories.new.saved");
  return t("memories.new.known", { id: items[0]?.short_id ?? items[0]?.id ?? "" });
}
