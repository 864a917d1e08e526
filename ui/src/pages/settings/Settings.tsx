import { Page } from "@/components/Page";
import { t } from "@/i18n/t";

export default function Settings() {
  return <Page title={t("settings.title")}>{null}</Page>;
}
