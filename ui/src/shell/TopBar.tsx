import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, Search, UserRound } from "lucide-react";
import { api, ROOT } from "@/api/client";
import { meQuery } from "@/api/queries/me";
import { Button, IconButton } from "@/components/Button";
import { Menu, type MenuItem } from "@/components/Menu";
import { t } from "@/i18n/t";
import { LiveMark } from "@/shell/LiveMark";
import { openOverlay } from "@/shell/overlays";

/** Search, what is live, a new memory, and who one is. */
export function TopBar() {
  const { data: me } = useQuery(meQuery);
  return (
    <header className="flex min-h-14 items-center gap-2 border-b border-line bg-surface px-3 md:px-6">
      <button
        type="button"
        onClick={() => openOverlay("jump")}
        className="flex min-h-9 max-md:min-h-11 min-w-0 flex-1 items-center gap-2 rounded-lg border border-edge/60 bg-ground px-3 text-faint md:max-w-md"
      >
        <Search aria-hidden className="size-4 shrink-0" />
        <span className="truncate">{t("shell.jump")}</span>
        <kbd className="ms-auto hidden rounded border border-line px-1.5 font-sans text-2xs md:block">
          Ctrl K
        </kbd>
      </button>
      <div className="ms-auto flex items-center gap-1.5 md:gap-3">
        <LiveMark />
        {me?.can.write && (
          <Button
            look="primary"
            icon={Plus}
            onClick={() => openOverlay("new")}
            aria-label={t("shell.newMemory")}
          >
            <span className="max-md:sr-only">{t("shell.newMemory")}</span>
          </Button>
        )}
        <AccountMenu user={me?.user_id ?? ""} signedIn={me?.session != null} />
      </div>
    </header>
  );
}

function AccountMenu({ user, signedIn }: { user: string; signedIn: boolean }) {
  const client = useQueryClient();
  const signOut = async () => {
    await api.DELETE("/api/v1/session");
    client.clear();
    location.reload();
  };
  const items: (MenuItem | "line")[] = [
    { label: t("shell.shortcuts"), onSelect: () => openOverlay("shortcuts") },
    { label: t("shell.api"), onSelect: () => location.assign(`${ROOT}/docs`) },
  ];
  if (signedIn) items.push("line", { label: t("shell.signOut"), onSelect: () => void signOut() });
  return (
    <Menu items={items} head={t("shell.signedInAs", { user })}>
      <IconButton icon={UserRound} label={t("shell.account")} />
    </Menu>
  );
}
