import { Dialog } from "@/components/Dialog";
import { t } from "@/i18n/t";

export default function NewMemory({ onClose }: { onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} title={t("shell.newMemory")}>
      {null}
    </Dialog>
  );
}
