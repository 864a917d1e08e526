import { Copy, Ellipsis, Link as LinkIcon, Pencil } from "lucide-react";
import { type Ref, useState } from "react";
import { ROOT } from "@/api/client";
import type { Operation } from "@/api/queries/memories";
import type { MemoryDetail } from "@/api/queries/memory";
import { Button, IconButton } from "@/components/Button";
import { copyText } from "@/components/CopyButton";
import { Menu, type MenuItem } from "@/components/Menu";
import { StateChip } from "@/components/StateChip";
import { done, failed } from "@/components/undo";
import { t } from "@/i18n/t";
import { ICONS } from "@/pages/memories/BulkBar";
import { offered, type Rights, useChange } from "@/pages/memories/operations";
import { PurgeDialog } from "@/pages/memories/PurgeDialog";

interface Props {
  /** The button that begins an edit. */
  ref: Ref<HTMLButtonElement>;
  memory: MemoryDetail;
  can: Rights;
  onEdit: () => void;
}

const FIRST: readonly Operation[] = ["pause", "resume", "unarchive", "restore"];

/** The state, and what can be done. What is done most is a button, the rest is in the menu. */
export function Actions({ ref, memory, can, onEdit }: Props) {
  const change = useChange();
  const [purging, setPurging] = useState(false);
  const possible = offered([memory.state], can).filter((each) => each !== "categorise");
  const first = possible.find((each) => FIRST.includes(each));
  const run = (operation: Operation) => change.mutate({ operation, wanted: { ids: [memory.id] } });
  const item = (operation: Operation): MenuItem => ({
    label: t(`memories.do.${operation}`),
    icon: ICONS[operation],
    danger: operation === "purge",
    onSelect: () => (operation === "purge" ? setPurging(true) : run(operation)),
  });
  const copy = (text: string, message: string) =>
    void copyText(text).then(() => done(message, null), failed);
  const name = memory.short_id ?? memory.id;
  return (
    <div className="flex flex-wrap items-center gap-2">
      <StateChip state={memory.state} />
      <span className="ms-auto" />
      {can.write && memory.state !== "trashed" && (
        <Button ref={ref} icon={Pencil} onClick={onEdit}>
          {t("memory.edit")}
        </Button>
      )}
      {first && (
        <Button icon={ICONS[first]} disabled={change.isPending} onClick={() => run(first)}>
          {t(`memories.do.${first}`)}
        </Button>
      )}
      <Menu
        items={[
          {
            label: t("memory.copyId", { id: name }),
            icon: Copy,
            onSelect: () => copy(name, t("common.copied")),
          },
          {
            label: t("memory.copyLink"),
            icon: LinkIcon,
            onSelect: () =>
              copy(`${location.origin}${ROOT}/memories/${name}`, t("memory.linkCopied")),
          },
          ...(possible.length > 0 ? ["line" as const] : []),
          ...possible.filter((each) => each !== first).map(item),
        ]}
      >
        <IconButton icon={Ellipsis} label={t("memory.actions")} />
      </Menu>
      {purging && (
        <PurgeDialog
          n={1}
          onClose={() => setPurging(false)}
          onDone={() => {
            setPurging(false);
            run("purge");
          }}
        />
      )}
    </div>
  );
}
