import type { ConnectClient } from "@/api/queries/connect";
import { Button } from "@/components/Button";
import { CopyButton } from "@/components/CopyButton";
import { t } from "@/i18n/t";

/** The ways to connect a program, the easiest first. */
export function Methods({ methods }: Pick<ConnectClient, "methods">) {
  return (
    <ol className="grid grid-cols-1 gap-5">
      {methods.map(({ kind, title, text, note }) => (
        <li key={title} className="grid grid-cols-1 gap-1.5">
          <div className="flex items-center gap-2">
            <h3 className="min-w-0 font-medium wrap-anywhere">{title}</h3>
            <span className="ms-auto flex gap-2">
              {kind === "deeplink" && (
                <Button look="primary" aria-label={title} onClick={() => location.assign(text)}>
                  {t("connect.open")}
                </Button>
              )}
              <CopyButton worded text={text} label={t("connect.copy", { title })} />
            </span>
          </div>
          <pre
            className={`rounded-lg bg-sunken p-3 font-mono text-xs ${
              // Nobody reads what is packed into a link.
              kind === "deeplink"
                ? "truncate text-faint"
                : "max-h-80 overflow-auto whitespace-pre-wrap wrap-anywhere"
            }`}
          >
            {text}
          </pre>
          {note && <p className="text-xs text-soft">{note}</p>}
        </li>
      ))}
    </ol>
  );
}
