import { Copy } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Button } from "@/components/Button";
import { t } from "@/i18n/t";
import type { Address } from "@/pages/search/address";

const CopyDialog = lazy(() => import("@/pages/search/CopyDialog"));

/** The search as something to paste elsewhere. */
export function CopyAs({ address }: { address: Address }) {
  const [open, setOpen] = useState(false);
  const [opened, setOpened] = useState(false);
  const show = () => {
    setOpened(true);
    setOpen(true);
  };
  return (
    <>
      <Button icon={Copy} onClick={show}>
        {t("search.copy.open")}
      </Button>
      {opened && (
        <Suspense>
          <CopyDialog address={address} open={open} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
