import { useQuery } from "@tanstack/react-query";
import { ArrowLeft } from "lucide-react";
import { failuresQuery } from "@/api/queries/activity";
import { Answer } from "@/components/Answer";
import { Button } from "@/components/Button";
import { Time } from "@/components/Time";
import { t } from "@/i18n/t";

/** The newest failures of the server: where, never what about. */
export function Failures({ onBack }: { onBack: () => void }) {
  const failures = useQuery(failuresQuery);
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <Button look="quiet" icon={ArrowLeft} onClick={onBack} className="mb-1">
        {t("activity.backToCalls")}
      </Button>
      <Answer query={failures}>
        {({ results }) =>
          results.length === 0 ? (
            <p className="py-6 text-soft">{t("activity.empty.failures")}</p>
          ) : (
            <ul className="divide-y divide-line">
              {results.map((each) => (
                <li key={each.at + each.request_id} className="grid gap-0.5 py-2">
                  <p className="flex flex-wrap gap-x-3">
                    <strong className="font-semibold text-bad">{each.status}</strong>
                    <span className="[overflow-wrap:anywhere]">{each.operation}</span>
                    <Time at={each.at} className="ms-auto text-xs text-soft" />
                  </p>
                  <p className="font-mono text-xs text-soft [overflow-wrap:anywhere]">
                    {[each.exception, each.place, each.request_id].filter(Boolean).join(" · ")}
                  </p>
                </li>
              ))}
            </ul>
          )
        }
      </Answer>
    </div>
  );
}
