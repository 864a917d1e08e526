import { Page } from "@/components/Page";
import { t } from "@/i18n/t";

export default function Apps() {
  return <Page title={t("apps.title")}>{null}</Page>;
}
