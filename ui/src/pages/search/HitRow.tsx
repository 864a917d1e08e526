import { Link } from "@tanstack/react-router";
import type { Hit } from "@/api/queries/search";
import { ScoreBar } from "@/charts/ScoreBar";
import { AppName } from "@/components/AppName";
import { Chip } from "@/components/Chip";
import { Marked } from "@/components/Marked";
import { t } from "@/i18n/t";

/** A result: its place, its text with what matched, and what put it there. */
export function HitRow({ hit, most }: { hit: Hit; most: number }) {
  const { item } = hit;
  return (
    <li
      id={`result-${item.id}`}
      className="grid grid-cols-[1.75rem_minmax(0,1fr)] gap-x-3 gap-y-1.5 px-4 py-3 md:grid-cols-[1.75rem_minmax(0,1fr)_16rem]"
    >
      <span className="pt-px text-end font-semibold text-faint tabular-nums">
        <span className="sr-only">{t("search.rank", { rank: "" })}</span>
        {hit.rank}
      </span>
      <div className="min-w-0">
        <Link
          to="/memories/$id"
          params={{ id: item.short_id ?? item.id }}
          dir="auto"
          className="line-clamp-4 wrap-anywhere hover:underline"
        >
          <Marked text={item.text} terms={hit.terms} />
          {item.cut && "…"}
        </Link>
        <div className="mt-1.5 flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-soft">
          <span className="tabular-nums" title={t("search.scoreHelp")}>
            {t("search.score", { score: hit.score.toFixed(2) })}
          </span>
          <AppName app={item.app} />
          {item.categories?.map((name) => (
            <Chip key={name}>
              <bdi>{name}</bdi>
            </Chip>
          ))}
          <Badges hit={hit} />
        </div>
      </div>
      <div className="max-md:col-start-2">
        <ScoreBar rank={hit.rank} sum={hit.sum} signals={hit.signals} most={most} />
      </div>
    </li>
  );
}

function Badges({ hit }: { hit: Hit }) {
  const added = (...names: string[]) =>
    hit.signals.some(({ signal, contribution }) => names.includes(signal) && contribution > 0);
  const byMeaning = added("semantic");
  return (
    <>
      {!byMeaning && added("bm25", "stand_in") && (
        <Chip tone="accent">{t("search.badge.words")}</Chip>
      )}
      {byMeaning && !added("bm25", "stand_in") && (
        <Chip tone="accent">{t("search.badge.meaning")}</Chip>
      )}
      {!hit.item.indexed && <Chip tone="warn">{t("search.badge.waiting")}</Chip>}
    </>
  );
}
