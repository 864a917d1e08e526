import { lazy, Suspense } from "react";
import type { Settling } from "@/pages/apps/useSettling";

const RenameDialog = lazy(() => import("@/pages/apps/RenameDialog"));
const MergeDialog = lazy(() => import("@/pages/apps/MergeDialog"));

/** The dialog that is open for an app, if one is. */
export function Questions({ asking, answered }: Settling) {
  if (asking === null) return null;
  const Asked = asking.what === "rename" ? RenameDialog : MergeDialog;
  return (
    <Suspense>
      <Asked app={asking.app} onClose={answered} />
    </Suspense>
  );
}
