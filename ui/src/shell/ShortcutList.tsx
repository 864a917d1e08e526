import { Dialog } from "@/components/Dialog";
import { t } from "@/i18n/t";
import { type Scope, useListedShortcuts } from "@/keys/shortcuts";
import { usePreferences } from "@/preferences";

/** Made from the registry that makes the shortcuts work, so that it cannot say anything else. */
export default function ShortcutList({ onClose }: { onClose: () => void }) {
  const { shortcuts } = usePreferences();
  return (
    <Dialog open onClose={onClose} title={t("shell.shortcuts")}>
      {!shortcuts && <p className="mb-3 text-warn">{t("shell.shortcutsOff")}</p>}
      <Group scope="page" title={t("shell.onThisPage")} />
      <Group scope="everywhere" title={t("shell.everywhere")} />
    </Dialog>
  );
}

function Group({ scope, title }: { scope: Scope; title: string }) {
  const found = useListedShortcuts().filter((each) => each.scope === scope);
  if (found.length === 0) return null;
  return (
    <section className="mb-4">
      <h3 className="mb-1 text-xs font-semibold text-faint">{title}</h3>
      <dl className="grid grid-cols-[1fr_auto] gap-y-1">
        {found.map(({ shortcut: { keys, label } }) => (
          <div key={keys} className="contents">
            <dt>{label}</dt>
            <dd className="text-end">
              {keys.split(" ").map((name) => (
                <kbd
                  key={name}
                  className="ms-1 rounded border border-line bg-sunken px-1.5 text-xs"
                >
                  {shown(name)}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function shown(name: string): string {
  return name.replace("g+", "g ").replace("Ctrl+", "Ctrl ").replace("Shift+", "Shift ");
}
