/** What a row, a card and the page of an app have in common. */

import { useNavigate } from "@tanstack/react-router";
import { EllipsisVertical, GitMerge, Pause, PenLine, Play, ShieldCheck } from "lucide-react";
import type { AppOut } from "@/api/queries/apps";
import { Button, IconButton } from "@/components/Button";
import { Chip } from "@/components/Chip";
import { Menu } from "@/components/Menu";
import { listed, t } from "@/i18n/t";
import { programOf } from "@/pages/apps/known";
import type { Settling } from "@/pages/apps/useSettling";

export function Standing({ app }: { app: AppOut }) {
  if (app.problem) return <Chip tone="bad">{t("apps.blocked")}</Chip>;
  return app.paused ? <Chip tone="warn">{t("apps.paused")}</Chip> : null;
}

/** Its program and its further names, in one quiet line. */
export function Program({ app }: { app: AppOut }) {
  const { label, name, merged } = app;
  const others = label === name ? merged : [name, ...merged];
  return (
    <>
      <bdi>{programOf(app) ?? t("apps.unknownKind")}</bdi>
      {others.length > 0 && <bdi> · {t("apps.also", { names: listed(others) })}</bdi>}
    </>
  );
}

/** How much of all it can read: a number, and the same as a line. */
export function Share({ app: { readable, total_memories: total } }: { app: AppOut }) {
  const part = total === 0 ? 0 : (readable / total) * 100;
  return (
    <span className="inline-grid w-full max-w-28 gap-1">
      <span className="tabular-nums">{t("apps.of", { readable, total })}</span>
      <span aria-hidden className="h-1 overflow-hidden rounded-full bg-line">
        <span className="block h-full rounded-full bg-accent" style={{ width: `${part}%` }} />
      </span>
    </span>
  );
}

interface ActionsProps {
  app: AppOut;
  settling: Settling;
  /** A picture instead of the word. */
  small?: boolean;
}

/** Pause or resume, and behind the dots what is done less often. */
export function Actions({ app, settling, small }: ActionsProps) {
  const navigate = useNavigate();
  const { label, paused } = app;
  const named = t(paused ? "apps.resumeNamed" : "apps.pauseNamed", { app: label });
  const press = {
    icon: paused ? Play : Pause,
    disabled: settling.busy === app.name,
    onClick: () => settling.pause(app),
  };
  const rules = () =>
    void navigate({ to: "/access", search: { app: app.name, column: "row" } as never });
  return (
    <span className="inline-flex items-center gap-1">
      {small ? (
        <IconButton {...press} label={named} />
      ) : (
        <Button {...press} aria-label={named}>
          {t(paused ? "apps.resume" : "apps.pause")}
        </Button>
      )}
      <Menu
        items={[
          { label: t("apps.rename"), icon: PenLine, onSelect: () => settling.ask("rename", app) },
          { label: t("apps.merge"), icon: GitMerge, onSelect: () => settling.ask("merge", app) },
          { label: t("apps.rules"), icon: ShieldCheck, onSelect: rules },
        ]}
      >
        <IconButton icon={EllipsisVertical} label={t("apps.actions", { app: label })} />
      </Menu>
    </span>
  );
}
