import { useQuery } from "@tanstack/react-query";
import { LayoutTemplate } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { templatesQuery } from "@/api/queries/access";
import { Button } from "@/components/Button";
import { t } from "@/i18n/t";
import type { Row } from "@/pages/access/rows";

/** Ready-made rows, to begin with. */
export function TemplateChoice({
  onChoose,
}: {
  onChoose: (row: Pick<Row, "read" | "write" | "rules">) => void;
}) {
  const { data } = useQuery(templatesQuery);
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>
        <Button icon={LayoutTemplate} disabled={!data} className="justify-self-start">
          {t("access.template")}
        </Button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="start"
          sideOffset={4}
          className="z-50 w-80 max-w-[calc(100vw-1.5rem)] rounded-lg border border-line bg-raised p-1 shadow-pop"
        >
          {data?.templates.map(({ name, title, description, read, write, rules }) => (
            <DropdownMenu.Item
              key={name}
              onSelect={() => onChoose({ read, write, rules })}
              className="grid gap-0.5 rounded-md px-2.5 py-2 outline-none data-[highlighted]:bg-sunken"
            >
              <span className="font-medium">{title}</span>
              <span className="text-xs text-soft">{description}</span>
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
