import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import { sessionsQuery } from "@/api/queries/settings";
import { Answer } from "@/components/Answer";
import { Button } from "@/components/Button";
import { Section } from "@/components/Page";
import { Time } from "@/components/Time";
import { done, failed } from "@/components/undo";
import { t } from "@/i18n/t";

/** Browsers that are signed in, each to be ended. */
export function Sessions() {
  const client = useQueryClient();
  const sessions = useQuery(sessionsQuery);
  const end = useMutation({
    mutationFn: (session_id: string) =>
      api.DELETE("/api/v1/sessions/{session_id}", { params: { path: { session_id } } }),
    onSuccess: () => void done(t("settings.ended"), null),
    onError: (error) => void failed(error),
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <Section title={t("settings.sessions")}>
      <Answer query={sessions}>
        {({ results }) =>
          results.length === 0 ? (
            <p className="text-soft">{t("settings.noSessions")}</p>
          ) : (
            <ul className="divide-y divide-line">
              {results.map((each) => (
                <li key={each.id} className="flex flex-wrap items-center gap-x-3 py-2">
                  <bdi className="font-medium wrap-anywhere">{each.label || each.id}</bdi>
                  {each.current && <span className="text-accent">{t("settings.current")}</span>}
                  <span className="text-soft">
                    {t("settings.sessionUsed")} <Time at={each.last_used_at ?? each.created_at} />
                  </span>
                  <Button
                    className="ms-auto"
                    aria-label={t("settings.endNamed", { name: `${each.label} ${each.id}` })}
                    onClick={() => end.mutate(each.id)}
                  >
                    {t("settings.end")}
                  </Button>
                </li>
              ))}
            </ul>
          )
        }
      </Answer>
    </Section>
  );
}
