import { Link } from "@tanstack/react-router";
import type { WhyNot } from "@/api/queries/search";
import { Button } from "@/components/Button";
import { t } from "@/i18n/t";
import { type Address, isNarrowed } from "@/pages/search/address";
import type { Change } from "@/pages/search/useSearchAddress";

interface Props {
  found: WhyNot;
  memory: string;
  address: Address;
  onChange: Change;
}

const LINK = "inline-flex min-h-9 max-md:min-h-11 items-center font-semibold text-accent underline";

/** The stage that dropped a memory, in words, and what one can do about it. */
export function WhyAnswer(props: Props) {
  const { found, memory, address } = props;
  const returned = found.stage === "returned";
  return (
    <div className={`grid gap-1 rounded-lg p-3 ${returned ? "bg-good-soft" : "bg-warn-soft"}`}>
      <h3 className={`font-semibold ${returned ? "text-good" : "text-warn"}`}>
        {t(`search.why.stage.${found.stage}`, { app: address.as || t("search.me") })}
      </h3>
      <p>{found.text}</p>
      {found.score !== null && (
        <p className="text-soft tabular-nums">
          {t("search.score", { score: found.score.toFixed(3) })}
        </p>
      )}
      <div className="flex flex-wrap items-center gap-x-4">
        <Remedy {...props} />
        {found.stage !== "not_found" && (
          <Link to="/memories/$id" params={{ id: memory }} className={LINK}>
            {t("search.why.open")}
          </Link>
        )}
      </div>
    </div>
  );
}

/** The step that would bring it into the answer, where there is one. */
function Remedy({ found, address, onChange }: Props) {
  const { stage, rank } = found;
  if (stage === "not_readable" && address.as) {
    return (
      <Link to="/access" search={{ app: address.as } as never} className={LINK}>
        {t("search.why.access", { app: address.as })}
      </Link>
    );
  }
  if (stage === "below_threshold") {
    return <Button onClick={() => onChange({ threshold: 0 })}>{t("search.none.threshold")}</Button>;
  }
  if (stage === "filtered" && isNarrowed(address)) {
    return (
      <Button onClick={() => onChange({ app: [], category: [], from: "" })}>
        {t("common.clearFilters")}
      </Button>
    );
  }
  if (stage === "cut" && rank !== null && rank <= 100) {
    return (
      <Button onClick={() => onChange({ k: rank })}>{t("search.why.showMore", { n: rank })}</Button>
    );
  }
  return null;
}
