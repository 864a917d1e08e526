import { type FormEvent, useState } from "react";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { t } from "@/i18n/t";
import { CategoryBox } from "@/pages/memories/CategoryBox";
import { namesIn } from "@/pages/memories/operations";

interface Props {
  onClose: () => void;
  onDone: (categories: { add: string[]; remove: string[] }) => void;
}

/** Which categories to add to many memories, and which to take away. */
export function Categorise({ onClose, onDone }: Props) {
  const [add, setAdd] = useState("");
  const [remove, setRemove] = useState("");
  const [error, setError] = useState<string | null>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const categories = { add: namesIn(add), remove: namesIn(remove) };
    if (categories.add.length + categories.remove.length > 0) onDone(categories);
    else setError(t("memories.categoriesDialog.empty"));
  };
  return (
    <Dialog open onClose={onClose} title={t("memories.categoriesDialog.title")}>
      <form onSubmit={submit} className="grid gap-4">
        <CategoryBox
          label={t("memories.categoriesDialog.add")}
          hint={t("memories.categoriesDialog.hint")}
          error={error}
          value={add}
          onChange={setAdd}
        />
        <CategoryBox
          label={t("memories.categoriesDialog.remove")}
          value={remove}
          onChange={setRemove}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary">
            {t("memories.categoriesDialog.submit")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
