import clsx from "clsx";
import { t } from "@/i18n/t";

/** Paul Tol's "bright" and "muted" sets, darkened to carry white letters. */
const HUES = [
  "#3b6a99",
  "#1f7a33",
  "#9a2f68",
  "#8a5a00",
  "#6a3fa0",
  "#9c3d22",
  "#1d7480",
  "#5c6b1e",
] as const;

/** The hue of an app: by its name, so that it is the same on every page and in every chart. */
export function hueOf(app: string | null): string {
  if (app === null) return "#5f6562";
  let hash = 0;
  for (const char of app) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return HUES[hash % HUES.length] ?? HUES[0];
}

export function nameOfApp(app: string | null, label?: string | null): string {
  if (app === "*") return t("common.anyApp");
  return label || app || t("common.noApp");
}

interface Props {
  app: string | null;
  label?: string | null;
  className?: string;
}

/** An app as people know it: a monogram in its hue, and its name. */
export function AppName({ app, label, className }: Props) {
  const name = nameOfApp(app, label);
  return (
    <span className={clsx("inline-flex min-w-0 items-center gap-1.5", className)} title={name}>
      <span
        aria-hidden
        style={{ background: hueOf(app) }}
        className="grid size-5 shrink-0 place-items-center rounded-md text-2xs font-bold text-white uppercase"
      >
        {[...name][0]}
      </span>
      <bdi className="truncate">{name}</bdi>
    </span>
  );
}
