import type { AppOut } from "@/api/queries/apps";
import type { KeyView } from "@/api/queries/keys";
import { MakeDialog } from "@/pages/apps/keys/MakeDialog";
import { RevokeDialog } from "@/pages/apps/keys/RevokeDialog";
import { RotateDialog } from "@/pages/apps/keys/RotateDialog";

export type Asking = { what: "make" } | { what: "rotate" | "revoke"; key: KeyView };

interface Props {
  app: AppOut;
  asking: Asking;
  onClose: () => void;
}

/** What is asked about a key. All of them in one piece, which loads with the first question. */
export default function Dialogs({ app, asking, onClose }: Props) {
  if (asking.what === "make") return <MakeDialog app={app} onClose={onClose} />;
  const Asked = asking.what === "rotate" ? RotateDialog : RevokeDialog;
  return <Asked of={asking.key} onClose={onClose} />;
}
