import { Page } from "@/components/Page";
import { t } from "@/i18n/t";

export default function Search() {
  return <Page title={t("search.title")}>{null}</Page>;
}
