import { Page } from "@/components/Page";
import { t } from "@/i18n/t";

export default function Connect() {
  return <Page title={t("connect.title")}>{null}</Page>;
}
