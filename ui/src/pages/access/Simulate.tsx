import { useQuery } from "@tanstack/react-query";
import { FlaskConical } from "lucide-react";
import type { Schemas } from "@/api/client";
import { simulateQuery } from "@/api/queries/access";
import { Answer } from "@/components/Answer";
import { AppName } from "@/components/AppName";
import { Empty } from "@/components/Empty";
import { Explanation, Verdict } from "@/components/Explanation";
import { Section } from "@/components/Page";
import { t } from "@/i18n/t";
import { useAccessAddress } from "@/pages/access/address";
import { useDraft } from "@/pages/access/draft";
import { SimulateForm } from "@/pages/access/SimulateForm";

type Labels = ReadonlyMap<string, string>;
type Simulated = Schemas["SimulatedOut"];
type UserHit = NonNullable<Simulated["of_user"]>[number];
type Hit = NonNullable<Simulated["results"]>[number];

/** What an app would be given, asked of the very decision that answers it. */
export function Simulate({ apps, labels }: { apps: string[]; labels: Labels }) {
  const [{ as, verb, memory, query }] = useAccessAddress();
  const drafted = Object.keys(useDraft()).length > 0;
  const asked = as !== "" && (memory !== "" || query !== "");
  const question = memory === "" ? { query } : { memory };
  const found = useQuery({ ...simulateQuery({ app: as, verb, ...question }), enabled: asked });
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[20rem_1fr]">
      <Section title={t("access.simulate.title")}>
        {/* Begins anew when the address says something else, as after going back. */}
        <SimulateForm key={`${as} ${verb} ${memory} ${query}`} apps={apps} labels={labels} />
        {drafted && <p className="mt-3 text-xs text-faint">{t("access.simulate.applied")}</p>}
      </Section>
      <div aria-live="polite" className="min-w-0">
        {asked ? (
          <Answer query={found}>{(answer) => <Outcome answer={answer} labels={labels} />}</Answer>
        ) : (
          <Empty
            icon={FlaskConical}
            title={t("access.simulate.empty.title")}
            text={t("access.simulate.empty.text")}
          />
        )}
      </div>
    </div>
  );
}

function Outcome({ answer, labels }: { answer: Simulated; labels: Labels }) {
  const { app, memory, explanation, results, of_user, degraded } = answer;
  const name = <AppName app={app} label={labels.get(app) ?? null} />;
  if (memory && explanation) {
    return (
      <Section title={t("access.simulate.decision")} actions={name}>
        <blockquote dir="auto" className="mb-3 border-s-2 border-line ps-3 break-words">
          {memory.excerpt}
        </blockquote>
        <Explanation of={explanation} />
      </Section>
    );
  }
  return (
    <div className="grid items-start gap-4 xl:grid-cols-2">
      {degraded && <p className="text-warn xl:col-span-2">{degraded}</p>}
      <Section title={t("access.simulate.answered")} actions={name}>
        <Hits hits={results ?? []} />
      </Section>
      <Section title={t("access.simulate.ofUser")}>
        <Hits hits={of_user ?? []} why={(hit) => <Why of={(hit as UserHit).explanation} />} />
      </Section>
    </div>
  );
}

function Why({ of: found }: { of: Schemas["ExplanationOut"] }) {
  return (
    <p className="text-xs text-soft">
      <Verdict allowed={found.allowed} verb={found.verb} /> <bdi>{found.reason}</bdi>
    </p>
  );
}

function Hits({ hits, why }: { hits: Hit[]; why?: (hit: Hit) => React.ReactNode }) {
  if (hits.length === 0) return <p className="text-soft">{t("access.simulate.nothing")}</p>;
  return (
    <ol className="grid gap-2">
      {hits.map((hit) => (
        <li key={hit.memory.id} className="grid grid-cols-[1.5rem_1fr_auto] gap-x-2">
          <span className="text-faint tabular-nums">{hit.rank}</span>
          <span dir="auto" className="min-w-0 break-words">
            {hit.memory.excerpt}
          </span>
          <span className="text-xs text-faint tabular-nums">{hit.score.toFixed(3)}</span>
          {why && <div className="col-span-2 col-start-2">{why(hit)}</div>}
        </li>
      ))}
    </ol>
  );
}
