import { X } from "lucide-react";
import { useEffect, useRef } from "react";
import type { Matrix, RulesOut } from "@/api/queries/access";
import { nameOfApp } from "@/components/AppName";
import { IconButton } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { useMedia } from "@/components/useMedia";
import { t } from "@/i18n/t";
import type { Column } from "@/pages/access/cells";
import { RowEditor } from "@/pages/access/RowEditor";

interface Props {
  rules: RulesOut;
  matrix: Matrix;
  app: string;
  labels: ReadonlyMap<string, string>;
  column: Column | undefined;
  onClose: () => void;
}

/** The editor beside the matrix, or over it where there is no room beside. */
export function EditorFrame({ rules, matrix, app, labels, column, onClose }: Props) {
  const wide = useMedia("(min-width: 64rem)");
  const name = nameOfApp(app, labels.get(app));
  const title = column ? t("access.editGroup", { app: name, group: column.label }) : name;
  const body = <RowEditor rules={rules} matrix={matrix} app={app} name={name} column={column} />;
  if (!wide) {
    return (
      <Dialog open sheet title={title} onClose={onClose}>
        {body}
      </Dialog>
    );
  }
  return (
    <Panel key={`${app} ${column?.name}`} title={title} onClose={onClose}>
      {body}
    </Panel>
  );
}

function Panel(props: { title: string; onClose: () => void; children: React.ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <aside
      aria-label={props.title}
      onKeyDown={(event) => event.key === "Escape" && !event.defaultPrevented && props.onClose()}
      className="sticky top-4 max-h-[calc(100dvh-6rem)] w-96 overflow-y-auto rounded-card border border-line bg-surface p-4"
    >
      <div className="mb-3 flex items-start gap-2">
        <h2 ref={heading} tabIndex={-1} className="min-w-0 pt-1.5 font-semibold outline-none">
          <bdi>{props.title}</bdi>
        </h2>
        <IconButton
          icon={X}
          label={t("access.closeEditor")}
          onClick={props.onClose}
          className="ms-auto"
        />
      </div>
      {props.children}
    </aside>
  );
}
