import { Page } from "@/components/Page";
import { t } from "@/i18n/t";

export default function Activity() {
  return <Page title={t("activity.title")}>{null}</Page>;
}
