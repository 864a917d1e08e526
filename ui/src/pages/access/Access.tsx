import { Page } from "@/components/Page";
import { t } from "@/i18n/t";

export default function Access() {
  return <Page title={t("access.title")}>{null}</Page>;
}
