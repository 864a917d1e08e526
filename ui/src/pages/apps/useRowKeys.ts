import type { RefObject } from "react";
import type { AppOut } from "@/api/queries/apps";
import { t } from "@/i18n/t";
import { useShortcuts } from "@/keys/shortcuts";
import type { Settling } from "@/pages/apps/useSettling";

/** Keys for the app that has the focus, and to go from one to the next. */
export function useRowKeys(list: RefObject<HTMLElement | null>, apps: AppOut[], to: Settling) {
  const names = () => [...(list.current?.querySelectorAll<HTMLElement>("a[data-app]") ?? [])];
  const place = () => {
    const row = document.activeElement?.closest("[data-row]");
    return names().findIndex((link) => link.dataset.app === (row as HTMLElement)?.dataset.row);
  };
  const step = (by: number) => {
    const links = names();
    const next = Math.min(links.length - 1, Math.max(0, place() + by));
    links[next]?.focus();
  };
  const here = (act: (app: AppOut) => void) => () => {
    const name = names()[place()]?.dataset.app;
    const found = apps.find((app) => app.name === name);
    if (found) act(found);
  };
  useShortcuts("page", [
    { keys: "j", label: t("apps.key.next"), run: () => step(1) },
    { keys: "k", label: t("apps.key.previous"), run: () => step(-1) },
    { keys: "p", label: t("apps.key.pause"), run: here(to.pause) },
    { keys: "e", label: t("apps.key.rename"), run: here((app) => to.ask("rename", app)) },
  ]);
}
