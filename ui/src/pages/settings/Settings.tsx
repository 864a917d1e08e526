import { useQuery } from "@tanstack/react-query";
import { meQuery } from "@/api/queries/me";
import { type Settings as All, settingsQuery } from "@/api/queries/settings";
import { Answer, Lines } from "@/components/Answer";
import { CopyButton } from "@/components/CopyButton";
import { Page, Section } from "@/components/Page";
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
  return (
    <div className="gap-4 xl:columns-2 [&>*]:mb-4 [&>*]:break-inside-avoid">
      {sections.map((section) => (
        <Section key={section.title} title={section.title}>
          <Rows rows={section.rows} />
        </Section>
      ))}
      <Section title={t("settings.reportTitle")}>
        <p className="mb-3 text-soft">{t("settings.reportText")}</p>
        <CopyButton worded text={report(sections)} label={t("settings.report")} />
      </Section>
    </div>
  );
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
        <div key={name} className="grid gap-x-4 py-2 sm:grid-cols-[minmax(0,11rem)_minmax(0,1fr)]">
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
