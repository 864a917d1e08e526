import { Page } from "@/components/Page";
import { t } from "@/i18n/t";

export default function Overview() {
  return <Page title={t("overview.title")}>{null}</Page>;
}
