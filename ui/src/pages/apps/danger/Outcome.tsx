import { Link } from "@tanstack/react-router";
import { Undo2 } from "lucide-react";
import type { Schemas } from "@/api/client";
import { Button } from "@/components/Button";
import { MemoryText } from "@/components/MemoryText";
import { t } from "@/i18n/t";

const SHOWN = 20;

interface Props {
  outcome: Schemas["AppUndoneOut"];
  busy: boolean;
  onDone: () => void;
}

/** What taking back would do, in numbers and by memory. */
export function Outcome({ outcome: { reversed, left, withdrawn }, busy, onDone }: Props) {
  const n = reversed.length + withdrawn.length;
  return (
    <div role="status" className="mt-4 grid gap-3 rounded-lg bg-sunken p-3">
      {n + left.length === 0 ? (
        <p>{t("apps.danger.takeBack.nothing")}</p>
      ) : (
        <ul className="grid gap-1">
          <li className="font-semibold">
            {t("apps.danger.takeBack.back", { n: reversed.length })}
          </li>
          {left.length > 0 && <li>{t("apps.danger.takeBack.left", { n: left.length })}</li>}
          {withdrawn.length > 0 && (
            <li>{t("apps.danger.takeBack.withdrawn", { n: withdrawn.length })}</li>
          )}
        </ul>
      )}
      {reversed.length > 0 && (
        <details>
          <summary className="min-h-6 cursor-pointer text-soft max-md:min-h-11">
            {t("apps.danger.takeBack.which")}
          </summary>
          <ol className="mt-1 grid gap-1">
            {reversed.slice(0, SHOWN).map((id) => (
              <li key={id}>
                <Link
                  to="/memories/$id"
                  params={{ id }}
                  className="line-clamp-2 min-h-6 hover:underline max-md:min-h-11"
                >
                  <MemoryText id={id} />
                </Link>
              </li>
            ))}
          </ol>
          {reversed.length > SHOWN && (
            <p className="text-soft">
              {t("apps.danger.takeBack.more", { n: reversed.length - SHOWN })}
            </p>
          )}
        </details>
      )}
      {n > 0 && (
        <Button
          look="danger"
          icon={Undo2}
          disabled={busy}
          onClick={onDone}
          className="justify-self-start"
        >
          {t("apps.danger.takeBack.submit", { n })}
        </Button>
      )}
    </div>
  );
}
