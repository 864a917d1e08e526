import { lazy, Suspense, useEffect, useRef } from "react";
import type { MemoryDetail } from "@/api/queries/memory";
import { Tabs } from "@/components/Tabs";
import { t } from "@/i18n/t";
import { Access } from "@/pages/memories/panel/Access";
import { Actions } from "@/pages/memories/panel/Actions";
import { Facts } from "@/pages/memories/panel/Facts";
import { FullText } from "@/pages/memories/panel/FullText";
import { History } from "@/pages/memories/panel/History";
import type { PanelProps } from "@/pages/memories/panel/MemoryPanel";
import { Metadata } from "@/pages/memories/panel/Metadata";
import { SaveState } from "@/pages/memories/panel/SaveState";

// What is not looked at each time comes when it is.
const EditForm = lazy(() => import("@/pages/memories/panel/EditForm"));
const Reads = lazy(() => import("@/pages/memories/panel/Reads"));
const Related = lazy(() => import("@/pages/memories/panel/Related"));
const Technical = lazy(() => import("@/pages/memories/panel/Technical"));

const TABS = ["history", "reads", "related", "technical"] as const;

/** What is shown of a memory that is there. */
export function Loaded({
  memory,
  me,
  tab,
  onTab,
  editing,
  onEdit,
}: PanelProps & { memory: MemoryDetail }) {
  const { id } = memory;
  const kept = memory.state !== "trashed";
  const edit = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(editing);
  useEffect(() => {
    if (wasEditing.current && !editing) edit.current?.focus();
    wasEditing.current = editing;
  }, [editing]);
  const shownTab = TABS.find((each) => each === tab) ?? "history";
  const contents = {
    history: () => <History memory={memory} mayRestore={me.can.write && kept} />,
    reads: () => <Reads memory={memory} mayManage={me.can.manage} />,
    related: () => <Related id={id} />,
    technical: () => <Technical memory={memory} />,
  };
  return (
    <div className="grid gap-5">
      <div className="grid gap-3">
        {editing && me.can.write && kept ? (
          <Suspense fallback={<FullText text={memory.text} />}>
            <EditForm memory={memory} onClose={() => onEdit(false)} />
          </Suspense>
        ) : (
          <>
            <FullText text={memory.text} />
            <SaveState memory={memory} />
            <Actions ref={edit} memory={memory} can={me.can} onEdit={() => onEdit(true)} />
          </>
        )}
        {memory.state !== "active" && (
          <p className="text-soft">{t(`memory.state.${memory.state}`, { n: me.trash_days })}</p>
        )}
      </div>
      <Facts memory={memory} />
      <Metadata metadata={memory.metadata} />
      <Access memory={memory} />
      <div>
        <Tabs
          label={t("memory.tab.label")}
          value={shownTab}
          onChange={onTab}
          tabs={TABS.map((value) => ({
            value,
            label: t(`memory.tab.${value}`),
            content: contents[value],
          }))}
        />
      </div>
    </div>
  );
}
