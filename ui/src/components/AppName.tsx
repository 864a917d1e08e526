import clsx from "clsx";
import { useHues } from "@/components/hues";
import { t } from "@/i18n/t";

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
  const hueOf = useHues();
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
