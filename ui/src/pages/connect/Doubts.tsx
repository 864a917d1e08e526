import { TriangleAlert } from "lucide-react";
import { t } from "@/i18n/t";
import { doubtsOf } from "@/pages/connect/reach";

/** What may keep a program from the address, or others from being kept out. */
export function Doubts({ url }: { url: string }) {
  return doubtsOf(url, location.href).map((doubt) =>
    doubt === "local" ? (
      <p key={doubt} className="mt-4 text-xs text-soft">
        {t("connect.doubt.local")}
      </p>
    ) : (
      <p
        key={doubt}
        className="mt-4 flex items-start gap-2 rounded-lg bg-warn-soft px-3 py-2 text-warn"
      >
        <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
        {t(`connect.doubt.${doubt}`, { host: new URL(url).host })}
      </p>
    ),
  );
}
