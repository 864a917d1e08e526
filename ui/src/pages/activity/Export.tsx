import { Download } from "lucide-react";
import { ROOT } from "@/api/client";
import type { CallFilter } from "@/api/queries/activity";
import { Button } from "@/components/Button";
import { Menu } from "@/components/Menu";
import { t } from "@/i18n/t";
import type { Interval } from "@/pages/activity/filters";

const FORMATS = ["csv", "jsonl"] as const;
type Format = (typeof FORMATS)[number];

/** Saves every call that the filters let through, not only those that are shown. */
export function Export({ filter, interval }: { filter: CallFilter; interval: Interval }) {
  const items = FORMATS.map((format) => ({
    label: t("activity.download", { format: format.toUpperCase() }),
    onSelect: () => save(exportAddress(filter, interval, format), format),
  }));
  return (
    <Menu items={items}>
      <Button icon={Download}>{t("activity.export")}</Button>
    </Menu>
  );
}

export function exportAddress(filter: CallFilter, interval: Interval, format: Format): string {
  const asked = Object.entries({ ...filter, ...interval, format });
  const said = asked.filter(([, value]) => value !== undefined && value !== null);
  return `${ROOT}/api/v1/activity?${new URLSearchParams(said.map(([k, v]) => [k, String(v)]))}`;
}

/** As a download: should it be refused, the page stays. */
function save(address: string, format: Format): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = `activity.${format}`;
  link.click();
}
