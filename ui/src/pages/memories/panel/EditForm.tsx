import {
  type FormEvent,
  type KeyboardEvent,
  lazy,
  Suspense,
  useEffect,
  useRef,
  useState,
} from "react";
import { isProblem } from "@/api/client";
import type { MemoryDetail } from "@/api/queries/memory";
import { Button } from "@/components/Button";
import { Field, TextArea } from "@/components/Field";
import { wordsFor } from "@/components/ProblemCard";
import { t } from "@/i18n/t";
import { CategoryBox } from "@/pages/memories/CategoryBox";
import { tooLong } from "@/pages/memories/operations";
import { type Draft, draftOf, dropDraft, isKept, keepDraft } from "@/pages/memories/panel/drafts";
import { editOf, metadataIn } from "@/pages/memories/panel/edits";
import { useSave } from "@/pages/memories/panel/useSave";

const Conflict = lazy(() => import("@/pages/memories/panel/Conflict"));

interface Props {
  memory: MemoryDetail;
  onClose: () => void;
}

/** Changes text, categories and metadata of the version that is shown. */
export default function EditForm({ memory, onClose }: Props) {
  const { id } = memory;
  const [draft, setDraft] = useState(() => draftOf(memory));
  const [old] = useState(() => isKept(id));
  const [blank, setBlank] = useState(false);
  const save = useSave(id, onClose);
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => box.current?.focus(), []);

  const change = (next: Partial<Draft>) => {
    const changed = { ...draft, ...next };
    setDraft(changed);
    setBlank(false);
    keepDraft(id, changed);
  };
  const discard = () => {
    dropDraft(id);
    onClose();
  };
  const notJson = metadataIn(draft.metadata) === undefined;
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (notJson || save.isPending || tooLong(draft.text)) return;
    const edit = editOf(draft);
    if (draft.text.trim() === "") setBlank(true);
    else if (Object.keys(edit).length === 0) discard();
    else save.mutate({ version: draft.base.version, edit });
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
    // What was typed is kept as a draft.
    if (event.key === "Escape") {
      event.preventDefault();
      onClose();
    }
  };
  const stale = isProblem(save.error, 412);

  return (
    <>
      <form onSubmit={submit} onKeyDown={press} className="grid gap-4">
        {old && <p className="text-warn">{t("memory.save.draft")}</p>}
        <Field
          label={t("memory.save.text")}
          error={
            blank
              ? t("memory.save.blank")
              : (tooLong(draft.text) ?? (save.error && !stale ? wordsFor(save.error).text : null))
          }
        >
          {(ids) => (
            <TextArea
              {...ids}
              ref={box}
              rows={Math.min(14, 4 + Math.floor(draft.text.length / 60))}
              value={draft.text}
              onChange={(event) => change({ text: event.target.value })}
            />
          )}
        </Field>
        <CategoryBox
          label={t("memories.category.label")}
          hint={t("memories.category.hint")}
          value={draft.categories}
          onChange={(categories) => change({ categories })}
        />
        <Field label={t("memory.save.metadata")} error={notJson ? t("memory.save.notJson") : null}>
          {(ids) => (
            <TextArea
              {...ids}
              dir="ltr"
              rows={3}
              spellCheck={false}
              className="font-mono text-xs"
              value={draft.metadata}
              onChange={(event) => change({ metadata: event.target.value })}
            />
          )}
        </Field>
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={discard}>{t("memory.save.discard")}</Button>
          <Button type="submit" look="primary" disabled={save.isPending}>
            {t("common.save")}
          </Button>
        </div>
      </form>
      {stale && (
        <Suspense>
          <Conflict
            id={id}
            draft={draft}
            onBack={() => save.reset()}
            onTake={discard}
            onSave={(version, text) => save.mutate({ version, edit: { ...editOf(draft), text } })}
          />
        </Suspense>
      )}
    </>
  );
}
