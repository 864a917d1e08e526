import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ROOT } from "@/api/client";
import { meQuery } from "@/api/queries/me";
import { CopyButton } from "@/components/CopyButton";
import { Dialog } from "@/components/Dialog";
import { Tabs } from "@/components/Tabs";
import { listed, t } from "@/i18n/t";
import type { Address } from "@/pages/search/address";
import { copyOf, WAYS, type Way } from "@/pages/search/copies";

interface Props {
  address: Address;
  open: boolean;
  onClose: () => void;
}

/** The ways to say a search elsewhere. */
export default function CopyDialog({ address, open, onClose }: Props) {
  const [way, setWay] = useState<string>("mcp");
  return (
    <Dialog open={open} onClose={onClose} title={t("search.copy.title")}>
      <Tabs
        label={t("search.copy.title")}
        value={way}
        onChange={setWay}
        tabs={WAYS.map((each) => ({
          value: each,
          label: t(`search.copy.way.${each}`),
          content: () => <Text way={each} address={address} />,
        }))}
      />
    </Dialog>
  );
}

function Text({ way, address }: { way: Way; address: Address }) {
  const { data: me } = useQuery(meQuery);
  const { text, leftOut } = copyOf(way, address, {
    base: location.origin + ROOT,
    user: me?.user_id ?? "",
    keyNeeded: me?.key_required ?? false,
  });
  const left = leftOut.map((name) => t(`search.copy.left.${name}`));
  return (
    <div className="grid justify-items-start gap-3">
      <pre className="max-h-80 w-full overflow-auto rounded-lg bg-sunken p-3 font-mono text-xs whitespace-pre-wrap wrap-anywhere">
        {text}
      </pre>
      {way === "mcp" && <p className="text-soft">{t("search.copy.mcpAs")}</p>}
      {left.length > 0 && (
        <p className="text-warn">{t("search.copy.leftOut", { list: listed(left) })}</p>
      )}
      <CopyButton
        worded
        text={text}
        label={t("search.copy.button", { way: t(`search.copy.way.${way}`) })}
      />
    </div>
  );
}
