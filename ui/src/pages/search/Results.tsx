import clsx from "clsx";
import { SearchX } from "lucide-react";
import type { SearchOut } from "@/api/queries/search";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { t } from "@/i18n/t";
import { type Address, isNarrowed } from "@/pages/search/address";
import { HitRow } from "@/pages/search/HitRow";
import type { Change } from "@/pages/search/useSearchAddress";

interface Props {
  answer: SearchOut;
  /** Of the search before, while the next one is on its way. */
  old: boolean;
  address: Address;
  onChange: Change;
}

export function Results({ answer, old, address, onChange }: Props) {
  const { results } = answer;
  const most = Math.max(...results.map(({ sum }) => sum), 0.01);
  return (
    <div aria-busy={old} className={clsx(old && "opacity-60")}>
      <p role="status" className="mb-2 flex flex-wrap items-center gap-x-3 gap-y-1 text-soft">
        <strong className="font-semibold text-ink">
          {t("search.found", { n: results.length })}
          {address.as && ` ${t("search.foundAs", { app: address.as })}`}
        </strong>
        <span>{t("search.candidates", { n: answer.candidates })}</span>
        {address.as && <OfUser answer={answer} />}
      </p>
      {answer.degraded && (
        <p className="mb-2 rounded-lg bg-warn-soft px-3 py-2 text-warn">{answer.degraded}</p>
      )}
      {results.length === 0 ? (
        <Nothing address={address} onChange={onChange} />
      ) : (
        <ol className="divide-y divide-line rounded-card border border-line bg-surface">
          {results.map((hit) => (
            <HitRow key={hit.item.id} hit={hit} most={most} />
          ))}
        </ol>
      )}
    </div>
  );
}

/** What the rules keep from the app: how much more there would be without them. */
function OfUser({ answer }: { answer: SearchOut }) {
  return (
    <span className={answer.of_user > answer.results.length ? "text-warn" : undefined}>
      {t("search.ofUser", { n: answer.of_user })}
    </span>
  );
}

function Nothing({ address, onChange }: Pick<Props, "address" | "onChange">) {
  const narrowed = isNarrowed(address);
  const text = address.as
    ? t("search.none.asApp", { app: address.as })
    : t(narrowed ? "search.none.filtered" : "search.none.text");
  return (
    <Empty icon={SearchX} title={t("search.none.title")} text={text}>
      {narrowed && (
        <Button onClick={() => onChange({ app: [], category: [], from: "" })}>
          {t("common.clearFilters")}
        </Button>
      )}
      {address.threshold > 0 && (
        <Button onClick={() => onChange({ threshold: 0 })}>{t("search.none.threshold")}</Button>
      )}
    </Empty>
  );
}
