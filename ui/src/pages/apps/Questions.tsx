import { lazy, Suspense } from "react";
import type { Settling } from "@/pages/apps/useSettling";

const Dialogs = lazy(() => import("@/pages/apps/Dialogs"));

/** The dialog that is open for an app, if one is. */
export function Questions({ asking, answered }: Settling) {
  if (asking === null) return null;
  return (
    <Suspense>
      <Dialogs asking={asking} onClose={answered} />
    </Suspense>
  );
}
