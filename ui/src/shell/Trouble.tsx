import { Link } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { ProblemCard } from "@/components/ProblemCard";
import { t } from "@/i18n/t";

export function NotFound() {
  return (
    <Page title={t("shell.notFound.title")}>
      <Empty icon={Compass} title={t("shell.notFound.title")} text={t("shell.notFound.text")}>
        <Link
          to="/"
          className="inline-flex min-h-9 items-center font-semibold text-accent underline max-md:min-h-11"
        >
          {t("shell.notFound.home")}
        </Link>
      </Empty>
    </Page>
  );
}

/** In place of a page whose code failed or could not be loaded. */
export function PageFailed({ error }: { error: unknown }) {
  return (
    <Page title={t("common.problem.other.title")}>
      <ProblemCard error={error} onRetry={() => location.reload()} />
    </Page>
  );
}
