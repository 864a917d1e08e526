import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Inbox, TextSearch } from "lucide-react";
import { facetsQuery } from "@/api/queries/memories";
import { Answer } from "@/components/Answer";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { t } from "@/i18n/t";
import { ACTIVE } from "@/pages/search/address";

const SAMPLES = 5;

/** Before the first search: what to try, made of the categories that one has. */
export function Start({ onSearch }: { onSearch: (query: string) => void }) {
  const facets = useQuery(facetsQuery(ACTIVE));
  const navigate = useNavigate();
  return (
    <Answer query={facets} skeleton={null}>
      {({ total, categories }) => {
        if (total === 0) {
          return (
            <Empty icon={Inbox} title={t("search.nothing.title")} text={t("search.nothing.text")}>
              <Button onClick={() => void navigate({ to: "/connect" })}>
                {t("search.nothing.connect")}
              </Button>
            </Empty>
          );
        }
        const names = categories.flatMap(({ value }) => value ?? []).slice(0, SAMPLES);
        return (
          <Empty icon={TextSearch} title={t("search.start.title")} text={t("search.start.text")}>
            {names.map((category) => {
              const sample = t("search.start.about", { category });
              return (
                <Button key={category} onClick={() => onSearch(sample)}>
                  <bdi>{sample}</bdi>
                </Button>
              );
            })}
          </Empty>
        );
      }}
    </Answer>
  );
}
