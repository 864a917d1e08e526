import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { relatedQuery } from "@/api/queries/memory";
import { Answer, Lines } from "@/components/Answer";
import { AppName } from "@/components/AppName";
import { Chip } from "@/components/Chip";
import { t } from "@/i18n/t";

/** What it took the place of or gave way to, then what is nearest in meaning. */
export default function Related({ id }: { id: string }) {
  const related = useQuery(relatedQuery(id));
  return (
    <Answer query={related} skeleton={<Lines n={4} className="h-10" />}>
      {({ items }) =>
        items.length === 0 ? (
          <p className="text-soft">{t("memory.related.none")}</p>
        ) : (
          <ul className="divide-y divide-line">
            {items.map(({ item, score, relation }) => (
              <li key={`${relation} ${item.id}`}>
                <Link
                  to="/memories/$id"
                  params={{ id: item.short_id ?? item.id }}
                  search={true as never}
                  className="block rounded py-2 hover:bg-sunken"
                >
                  <span dir="auto" className="line-clamp-2 [overflow-wrap:anywhere]">
                    {item.text}
                  </span>
                  <span className="mt-1 flex flex-wrap items-center gap-2 text-xs text-soft">
                    <AppName app={item.app} />
                    {relation !== "near" && (
                      <Chip tone="accent">{t(`memory.related.${relation}`)}</Chip>
                    )}
                    {score !== null && (
                      <span className="ms-auto tabular-nums">
                        {t("memory.related.score", { score: score.toFixed(2) })}
                      </span>
                    )}
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        )
      }
    </Answer>
  );
}
