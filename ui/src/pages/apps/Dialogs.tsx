import { MergeDialog } from "@/pages/apps/MergeDialog";
import { RenameDialog } from "@/pages/apps/RenameDialog";
import type { Asking } from "@/pages/apps/useSettling";

/** What is asked about an app, in one piece that loads with the first question. */
export default function Dialogs({ asking, onClose }: { asking: Asking; onClose: () => void }) {
  const Asked = asking.what === "rename" ? RenameDialog : MergeDialog;
  return <Asked app={asking.app} onClose={onClose} />;
}
