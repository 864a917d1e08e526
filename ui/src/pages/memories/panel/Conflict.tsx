import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type MemoryDetail, memoryQuery } from "@/api/queries/memory";
import { Answer } from "@/components/Answer";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Field, TextArea } from "@/components/Field";
import { t } from "@/i18n/t";
import type { Draft } from "@/pages/memories/panel/drafts";
import { merged } from "@/pages/memories/panel/merge";
import Words from "@/pages/memories/panel/Words";

interface Props {
  id: string;
  draft: Draft;
  onBack: () => void;
  onTake: () => void;
  onSave: (version: number, text: string) => void;
}

/** Somebody was faster: both texts, and one to save that has both changes where that can be. */
export default function Conflict(props: Props) {
  // Asked anew: what is shown to decide on must be what is there now.
  const now = useQuery({ ...memoryQuery(props.id), staleTime: 0, refetchOnMount: "always" });
  const fresh = now.data && now.data.version !== props.draft.base.version;
  return (
    <Dialog
      open
      onClose={props.onBack}
      title={t("memory.conflict.title")}
      text={t("memory.conflict.text")}
    >
      <Answer query={now}>
        {(theirs) => (fresh ? <Decide key={theirs.version} {...props} theirs={theirs} /> : null)}
      </Answer>
    </Dialog>
  );
}

function Decide({ draft, theirs, onTake, onSave }: Props & { theirs: MemoryDetail }) {
  const { base } = draft;
  const both = merged(base.text, draft.text, theirs.text);
  const [text, setText] = useState(both ?? draft.text);
  return (
    <div className="grid gap-4">
      <Part title={t("memory.conflict.theirs")}>
        <Words before={base.text} after={theirs.text} />
      </Part>
      <Part title={t("memory.conflict.mine")}>
        <Words before={base.text} after={draft.text} />
      </Part>
      <Field
        label={t("memory.conflict.merged")}
        hint={both === null ? t("memory.conflict.mineHint") : t("memory.conflict.mergedHint")}
      >
        {(ids) => (
          <TextArea {...ids} value={text} onChange={(event) => setText(event.target.value)} />
        )}
      </Field>
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onTake}>{t("memory.conflict.take")}</Button>
        <Button
          look="primary"
          disabled={text.trim() === ""}
          onClick={() => onSave(theirs.version, text)}
        >
          {t("memory.conflict.save")}
        </Button>
      </div>
    </div>
  );
}

function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section>
      <h3 className="mb-1 text-sm font-medium">{title}</h3>
      <div className="max-h-40 overflow-y-auto rounded-lg bg-sunken px-3 py-2">{children}</div>
    </section>
  );
}
