import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { rulesQuery } from "@/api/queries/access";
import { AppName } from "@/components/AppName";
import { baseInWords } from "@/components/rules";
import { t } from "@/i18n/t";
import { ANY, storedRow } from "@/pages/access/rows";

/** What holds for apps that nobody has settled anything about. */
export function AnyOther() {
  const { data: rules } = useQuery(rulesQuery);
  if (rules === undefined) return null;
  const row = storedRow(rules, ANY);
  const words = { read: baseInWords(row.read, "read"), write: baseInWords(row.write, "write") };
  return (
    <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <span className="font-medium text-soft">
        <AppName app={ANY} />
      </span>
      <span className="min-w-0 text-xs text-soft">{t("apps.any.text", words)}</span>
      <Link
        to="/access"
        search={{ app: ANY, column: "row" } as never}
        className="inline-flex min-h-6 items-center text-xs text-accent underline max-md:min-h-11"
      >
        {t("apps.any.edit")}
      </Link>
    </p>
  );
}
