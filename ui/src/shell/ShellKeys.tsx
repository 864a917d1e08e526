import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { t } from "@/i18n/t";
import { useShortcuts } from "@/keys/shortcuts";
import { openOverlay, useOverlay } from "@/shell/overlays";
import { PLACES } from "@/shell/places";

const Jump = lazy(() => import("@/shell/Jump"));
const ShortcutList = lazy(() => import("@/shell/ShortcutList"));
const NewMemory = lazy(() => import("@/pages/memories/NewMemory"));

/** The shell's own shortcuts, and the dialogs that can be opened from anywhere. */
export function ShellKeys() {
  const navigate = useNavigate();
  const overlay = useOverlay();
  const close = () => openOverlay(null);
  useShortcuts("everywhere", [
    { keys: "Ctrl+k", label: t("shell.focusSearch"), run: () => openOverlay("jump") },
    { keys: "?", label: t("shell.showShortcuts"), run: () => openOverlay("shortcuts") },
    { keys: "n", label: t("shell.newMemory"), run: () => openOverlay("new") },
    ...PLACES.map(({ to, title, letter }) => ({
      keys: `g+${letter}`,
      label: t("shell.goTo", { page: title }),
      run: () => void navigate({ to }),
    })),
  ]);
  return (
    <Suspense>
      {overlay === "jump" && <Jump onClose={close} />}
      {overlay === "shortcuts" && <ShortcutList onClose={close} />}
      {overlay === "new" && <NewMemory onClose={close} />}
    </Suspense>
  );
}
