import { Page } from "@/components/Page";
import { t } from "@/i18n/t";

export default function Memories() {
  return <Page title={t("memories.title")}>{null}</Page>;
}
