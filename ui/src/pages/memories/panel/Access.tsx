import { Check, Pause, Pencil, PencilOff, X } from "lucide-react";
import type { Schemas } from "@/api/client";
import type { MemoryDetail } from "@/api/queries/memory";
import { AppName } from "@/components/AppName";
import { t } from "@/i18n/t";

type AppAccess = Schemas["DashboardAppAccess"];

/** Which apps may read the memory now and why: the server's own decisions, as agents meet them. */
export function Access({ memory: { access, readers } }: { memory: MemoryDetail }) {
  return (
    <section>
      <div className="mb-1.5 flex flex-wrap items-baseline gap-x-2">
        <h3 className="font-semibold">{t("memory.access.title")}</h3>
        {readers && (
          <span className="text-soft tabular-nums">{t("memory.access.summary", readers)}</span>
        )}
      </div>
      {access.length === 0 ? (
        <p className="text-soft">{t("memory.access.forbidden")}</p>
      ) : (
        <ul className="divide-y divide-line rounded-lg border border-line">
          {access.map((each) => (
            <App key={each.app} access={each} />
          ))}
        </ul>
      )}
    </section>
  );
}

function App({ access }: { access: AppAccess }) {
  const { app, label, paused, read, write } = access;
  const reads = read?.allowed === true;
  const writes = write?.allowed === true;
  const Reads = paused ? Pause : reads ? Check : X;
  const Writes = writes ? Pencil : PencilOff;
  return (
    <li>
      <details className="group">
        <summary className="flex min-h-9 cursor-pointer list-none items-center gap-2 px-3 py-1.5 max-md:min-h-11 [&::-webkit-details-marker]:hidden">
          <AppName app={app} label={label} />
          <span className="ms-auto flex shrink-0 items-center gap-3 text-xs">
            <span className={`inline-flex items-center gap-1 ${reads ? "text-good" : "text-bad"}`}>
              <Reads aria-hidden className="size-3.5" />
              {reads ? t("memory.access.read") : t("memory.access.noRead")}
            </span>
            <Writes
              aria-hidden
              className={`size-3.5 ${writes ? "text-soft" : "text-faint opacity-60"}`}
            />
            <span className="sr-only">{unseen(access)}</span>
          </span>
        </summary>
        <p className="px-3 pb-2 text-xs text-soft">{why(read)}</p>
        {write && write.reason !== read?.reason && (
          <p className="px-3 pb-2 text-xs text-soft">{why(write)}</p>
        )}
      </details>
    </li>
  );
}

/** What only the signs say. */
function unseen({ paused, write }: AppAccess): string {
  const words = [write?.allowed ? t("memory.access.write") : t("memory.access.noWrite")];
  if (paused) words.push(t("memory.access.paused"));
  return words.join(", ");
}

function why(explanation: AppAccess["read"]): string {
  return explanation?.reason ?? t("memory.access.broken");
}
