import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type By, matrixQuery, rulesQuery } from "@/api/queries/access";
import type { AppOut } from "@/api/queries/apps";
import { Answer, Lines } from "@/components/Answer";
import { Section } from "@/components/Page";
import { baseInWords, ruleInWords } from "@/components/rules";
import { Segmented } from "@/components/Segmented";
import { t } from "@/i18n/t";
import { columnsOf } from "@/pages/access/cells";
import { columnName, storedRow } from "@/pages/access/rows";
import { useLabels } from "@/pages/access/useLabels";

const BYS: By[] = ["category", "tag", "app"];
const LINK = "inline-flex min-h-6 items-center text-sm text-accent underline max-md:min-h-11";

/** Its row of the rules, and what that comes to. It is changed on the page of all the rules. */
export default function AccessTab({ app }: { app: AppOut }) {
  return (
    <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-[2fr_3fr]">
      <May app={app} />
      <Groups app={app} />
    </div>
  );
}

function May({ app }: { app: AppOut }) {
  const query = useQuery(rulesQuery);
  return (
    <Section title={t("apps.access.may")}>
      <Answer query={query} skeleton={<Lines n={3} />}>
        {(rules) => {
          const row = storedRow(rules, app.name);
          const read = baseInWords(row.read, "read");
          const write = baseInWords(row.write, "write");
          return (
            <div className="grid gap-3">
              <p>{t(row.inherit ? "apps.access.asAny" : "apps.access.own", { read, write })}</p>
              {row.rules.length > 0 && (
                <div>
                  <h3 className="text-xs text-soft">{t("apps.access.rules")}</h3>
                  <ul className="mt-1 list-inside list-disc">
                    {row.rules.map((rule) => (
                      <li key={JSON.stringify(rule)} dir="auto" className="wrap-anywhere">
                        {ruleInWords(rule)}
                      </li>
                    ))}
                  </ul>
                </div>
              )}
            </div>
          );
        }}
      </Answer>
      <p className="mt-3 flex flex-wrap gap-x-4">
        <Link to="/access" search={{ app: app.name, column: "row" } as never} className={LINK}>
          {t("apps.rules")}
        </Link>
        <Link to="/search" search={{ as: app.name } as never} className={LINK}>
          {t("apps.access.tryOut")}
        </Link>
      </p>
    </Section>
  );
}

function Groups({ app }: { app: AppOut }) {
  const [by, setBy] = useState<By>("category");
  const labels = useLabels();
  const query = useQuery(matrixQuery(by));
  const actions = (
    <Segmented
      bare
      label={t("apps.access.by")}
      value={by}
      options={BYS.map((value) => ({ value, label: t(`access.by.${value}`) }))}
      onChange={setBy}
    />
  );
  return (
    <Section title={t("apps.access.groups")} actions={actions}>
      <Answer query={query} skeleton={<Lines n={5} />}>
        {(matrix) => {
          const row = matrix.apps.find((each) => each.app === app.name);
          if (row === undefined) return <p className="text-soft">{t("apps.access.none")}</p>;
          const places = new Map(matrix.columns.map((group, at) => [columnName(group), at]));
          return (
            <table className="w-full">
              <thead className="text-xs text-soft">
                <tr>
                  {(["group", "reads", "changes"] as const).map((name) => (
                    <th
                      key={name}
                      scope="col"
                      className="pb-1 text-end font-medium first:text-start"
                    >
                      {t(`apps.access.${name}`)}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody className="divide-y divide-line">
                {columnsOf(matrix, by, labels).map(({ name, label }) => {
                  const cell = row.cells[places.get(name) ?? -1] ?? row.whole;
                  const { readable, writable, total, blocked } = cell;
                  return (
                    <tr key={name} className={name === "all" ? "font-semibold" : "font-normal"}>
                      <th scope="row" className="py-1.5 text-start [font-weight:inherit]">
                        <bdi className="wrap-anywhere">{label}</bdi>
                      </th>
                      {[readable, writable].map((n, place) => (
                        <td
                          // biome-ignore lint/suspicious/noArrayIndexKey: reads, then changes
                          key={place}
                          className={`ps-3 text-end whitespace-nowrap ${n === 0 ? "text-faint" : ""}`}
                        >
                          {blocked ? t("apps.blocked") : t("apps.of", { readable: n, total })}
                        </td>
                      ))}
                    </tr>
                  );
                })}
              </tbody>
            </table>
          );
        }}
      </Answer>
    </Section>
  );
}
