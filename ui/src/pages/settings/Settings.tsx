import { useQuery } from "@tanstack/react-query";
import { meQuery } from "@/api/queries/me";
import { type Settings as All, settingsQuery } from "@/api/queries/settings";
import { Answer, Lines } from "@/components/Answer";
import { CopyButton } from "@/components/CopyButton";
import { Page, Section } from "@/components/Page";
import { useMedia } from "@/components/useMedia";
import { t } from "@/i18n/t";
import { Appearance } from "@/pages/settings/Appearance";
import { Sessions } from "@/pages/settings/Sessions";

/** This browser's choices, and what the server was set to, to look up. */
export default function Settings() {
  const all = useQuery(settingsQuery);
  return (
    <Page title={t("settings.title")}>
      <div className="grid items-start gap-x-6 gap-y-4 lg:grid-cols-[20rem_minmax(0,1fr)]">
        <div className="grid min-w-0 gap-4">
          <Appearance />
          <Identity />
          <Sessions />
        </div>
        <div className="min-w-0">
          <Answer query={all} skeleton={<Lines n={4} className="h-40" />}>
            {({ sections }) => <Server sections={sections} />}
          </Answer>
        </div>
      </div>
    </Page>
  );
}

function Server({ sections }: Pick<All, "sections">) {
  const wide = useMedia("(min-width: 80rem)");
  return (
    <div className="grid items-start gap-4 xl:grid-cols-2">
      {columnsOf(sections, wide ? 2 : 1).map((column, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: columns do not move
        <div key={place} className="grid min-w-0 gap-4">
          {column.map((section) => (
            <Section key={section.title} title={section.title}>
              <Rows rows={section.rows} />
            </Section>
          ))}
          {place === 0 && (
            <Section title={t("settings.reportTitle")}>
              <p className="mb-3 text-soft">{t("settings.reportText")}</p>
              <CopyButton worded text={report(sections)} label={t("settings.report")} />
            </Section>
          )}
        </div>
      ))}
    </div>
  );
}

/** Each section goes where least is yet. */
function columnsOf(sections: All["sections"], n: number): All["sections"][] {
  const columns = Array.from({ length: n }, (): All["sections"] => []);
  const rowsIn = (column: All["sections"]) =>
    column.reduce((sum, { rows }) => sum + rows.length + 1, 0);
  for (const section of sections) {
    columns.reduce((least, each) => (rowsIn(each) < rowsIn(least) ? each : least)).push(section);
  }
  return columns;
}

function Identity() {
  const { data: me } = useQuery(meQuery);
  if (!me) return null;
  return (
    <Section title={t("settings.identity")}>
      <p>
        {t(me.key_required ? "settings.keyed" : `settings.${me.auth === "off" ? "off" : "open"}`)}
      </p>
      <p className="mt-1 text-soft">
        {t(me.app_identity === "proven" ? "settings.proven" : "settings.claimed")}
      </p>
    </Section>
  );
}

function Rows({ rows }: { rows: All["sections"][number]["rows"] }) {
  return (
    <dl className="-my-2 divide-y divide-line">
      {rows.map(({ name, setting, value, note }) => (
        <div key={name} className="grid gap-x-4 py-2 sm:grid-cols-[minmax(0,12rem)_minmax(0,1fr)]">
          <dt>
            {name}
            {setting && (
              <code className="block font-mono text-2xs wrap-anywhere text-faint">{setting}</code>
            )}
          </dt>
          <dd className="wrap-anywhere">
            {value}
            {note && <p className="text-xs text-soft">{note}</p>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** The server leaves secrets out of it: they are "set" or "not set". */
function report(sections: All["sections"]): string {
  const lines = sections.flatMap(({ title, rows }) => [
    `# ${title}`,
    ...rows.map(({ name, value, note }) => `${name}: ${value}${note ? ` (${note})` : ""}`),
  ]);
  return lines.join("\n");
}
