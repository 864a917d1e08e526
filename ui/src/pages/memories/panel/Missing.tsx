import { FileX } from "lucide-react";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { wordsFor } from "@/components/ProblemCard";
import { t } from "@/i18n/t";

/** No memory by that name. The server says which: none ever was, or it was erased. */
export function Missing({ error, onList }: { error: Error; onList: () => void }) {
  return (
    <Empty icon={FileX} title={t("memory.missing.title")} text={wordsFor(error).text}>
      <Button onClick={onList}>{t("memory.missing.list")}</Button>
    </Empty>
  );
}
