import { useQuery } from "@tanstack/react-query";
import { ChevronRight } from "lucide-react";
import { useRef } from "react";
import { templatesQuery } from "@/api/queries/access";
import { Answer, Lines } from "@/components/Answer";
import { t } from "@/i18n/t";
import { type Row, sameRow } from "@/pages/access/rows";

interface Props {
  row: Row;
  onChoose: (row: Pick<Row, "read" | "write" | "rules">) => void;
}

/** Ready-made rows, to begin with. */
export function TemplateChoice({ row, onChoose }: Props) {
  const templates = useQuery(templatesQuery);
  const box = useRef<HTMLDetailsElement>(null);
  const choose = (made: Pick<Row, "read" | "write" | "rules">) => {
    onChoose(made);
    if (box.current) box.current.open = false;
    box.current?.querySelector("summary")?.focus();
  };
  return (
    <details ref={box} className="group rounded-lg border border-edge/60">
      <summary className="flex min-h-9 cursor-pointer list-none items-center gap-1.5 rounded-lg px-3 hover:bg-sunken max-md:min-h-11">
        <ChevronRight aria-hidden className="size-4 shrink-0 group-open:rotate-90" />
        {t("access.template")}
      </summary>
      <Answer query={templates} skeleton={<Lines n={5} className="h-9" />}>
        {({ templates: all }) => (
          <ul className="grid border-t border-line p-1">
            {all.map(({ name, title, description, read, write, rules }) => (
              <li key={name}>
                <button
                  type="button"
                  aria-pressed={!row.inherit && sameRow(row, { ...row, read, write, rules })}
                  onClick={() => choose({ read, write, rules })}
                  className="grid w-full gap-0.5 rounded-md px-2.5 py-2 text-start hover:bg-sunken aria-pressed:bg-accent-soft"
                >
                  <span className="font-medium">{title}</span>
                  <span className="text-xs text-soft">{description}</span>
                </button>
              </li>
            ))}
          </ul>
        )}
      </Answer>
    </details>
  );
}
