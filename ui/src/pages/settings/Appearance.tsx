import { Section } from "@/components/Page";
import { Segmented } from "@/components/Segmented";
import { t } from "@/i18n/t";
import { prefer, usePreferences } from "@/preferences";

const THEMES = ["system", "light", "dark"] as const;
const DENSITIES = ["compact", "regular", "roomy"] as const;
const MOTIONS = ["system", "none"] as const;
const SWITCHES = ["shortcuts", "announce"] as const;

/** What is kept in this browser alone. */
export function Appearance() {
  const preferences = usePreferences();
  return (
    <Section title={t("settings.appearance")}>
      <div className="grid gap-4">
        <Segmented
          label={t("settings.theme")}
          options={THEMES.map((value) => ({ value, label: t(`shell.theme.${value}`) }))}
          value={preferences.theme}
          onChange={(theme) => prefer({ theme })}
        />
        <Segmented
          label={t("settings.density")}
          options={DENSITIES.map((value) => ({ value, label: t(`settings.dense.${value}`) }))}
          value={preferences.density}
          onChange={(density) => prefer({ density })}
        />
        <Segmented
          label={t("settings.motion")}
          options={MOTIONS.map((value) => ({ value, label: t(`settings.moves.${value}`) }))}
          value={preferences.motion}
          onChange={(motion) => prefer({ motion })}
        />
        {SWITCHES.map((name) => (
          <label key={name} className="flex min-h-8 items-center gap-2 max-md:min-h-11">
            <input
              type="checkbox"
              className="size-4 accent-accent"
              checked={preferences[name]}
              onChange={(event) => prefer({ [name]: event.target.checked })}
            />
            {t(`settings.${name}`)}
          </label>
        ))}
        <p className="text-xs text-soft">{t("settings.here")}</p>
      </div>
    </Section>
  );
}
