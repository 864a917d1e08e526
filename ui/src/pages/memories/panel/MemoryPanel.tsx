import { useQuery } from "@tanstack/react-query";
import { ArrowLeft, X } from "lucide-react";
import { isProblem, type Schemas } from "@/api/client";
import { memoryQuery } from "@/api/queries/memory";
import { Answer, Lines } from "@/components/Answer";
import { IconButton } from "@/components/Button";
import { t } from "@/i18n/t";
import { Loaded } from "@/pages/memories/panel/Loaded";
import { Missing } from "@/pages/memories/panel/Missing";
import { PANEL_ROOM } from "@/pages/memories/panel/room";

export interface PanelProps {
  id: string;
  me: Schemas["DashboardViewer"];
  /** In place of the list, where there is no room for both. */
  page: boolean;
  tab: string;
  onTab: (tab: string) => void;
  editing: boolean;
  onEdit: (editing: boolean) => void;
  onClose: () => void;
}

/** One memory, whole. */
export default function MemoryPanel(props: PanelProps) {
  const { id, page, onClose } = props;
  const memory = useQuery(memoryQuery(id));
  const missing = isProblem(memory.error, 404, 400);
  return (
    <section
      aria-label={t("memory.named", { id })}
      className={
        page
          ? "min-w-0 flex-1"
          : `${PANEL_ROOM} flex flex-col overflow-hidden rounded-card border border-line bg-surface`
      }
    >
      <header
        className={
          page
            ? "mb-2 flex items-center gap-1"
            : "flex min-h-12 items-center gap-2 border-b border-line ps-4 pe-2"
        }
      >
        {page ? (
          <>
            <IconButton
              icon={ArrowLeft}
              label={t("memory.back")}
              onClick={onClose}
              className="-ms-2 rtl:-scale-x-100"
            />
            <h2 className="sr-only">{t("memory.facts.label")}</h2>
          </>
        ) : (
          <h2 className="truncate font-semibold">
            {t("memory.named", { id: memory.data?.short_id ?? "" })}
          </h2>
        )}
        {!page && (
          <IconButton icon={X} label={t("memory.close")} onClick={onClose} className="ms-auto" />
        )}
      </header>
      <div className={page ? "" : "min-h-0 flex-1 overflow-y-auto p-4"}>
        {missing && memory.error ? (
          <Missing error={memory.error} onList={onClose} />
        ) : (
          <Answer query={memory} skeleton={<Lines n={8} />}>
            {(data) => <Loaded {...props} memory={data} />}
          </Answer>
        )}
      </div>
    </section>
  );
}
