import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type AppOut, memoriesOfQuery } from "@/api/queries/apps";
import type { MemoryItem } from "@/api/queries/memories";
import { Answer, Lines } from "@/components/Answer";
import { Chip } from "@/components/Chip";
import { Section } from "@/components/Page";
import { StateChip } from "@/components/StateChip";
import { Time } from "@/components/Time";
import { t } from "@/i18n/t";
import { namesOf } from "@/pages/apps/known";

/** The newest of what it wrote. */
export default function MemoriesTab({ app }: { app: AppOut }) {
  const names = namesOf(app);
  const query = useQuery(memoriesOfQuery(names));
  const total = query.data?.total ?? 0;
  const shown = query.data?.items.length ?? 0;
  const all = total > 0 && (
    <Link
      to="/memories"
      search={{ app: names } as never}
      className="inline-flex min-h-6 items-center text-accent underline max-md:min-h-11"
    >
      {t("apps.memories.all", { n: total })}
    </Link>
  );
  return (
    <Section title={t("apps.memories.newest", { n: shown })} actions={all}>
      <Answer query={query} skeleton={<Lines n={6} className="h-10" />}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="text-soft">{t("apps.memories.none")}</p>
          ) : (
            <ul className="-mx-4 -mb-4 divide-y divide-line border-t border-line">
              {items.map((item) => (
                <Item key={item.id} item={item} />
              ))}
            </ul>
          )
        }
      </Answer>
    </Section>
  );
}

function Item({ item }: { item: MemoryItem }) {
  return (
    <li>
      <Link
        to="/memories/$id"
        params={{ id: item.short_id ?? item.id }}
        className="grid min-h-11 gap-0.5 px-4 py-2 hover:bg-sunken"
      >
        <span dir="auto" className="line-clamp-2 wrap-anywhere">
          {item.text}
        </span>
        <span className="flex flex-wrap items-center gap-x-2 text-xs text-soft">
          {item.state !== "active" && <StateChip state={item.state} />}
          {item.categories?.map((category) => (
            <Chip key={category}>{category}</Chip>
          ))}
          <Time at={item.created_at} />
        </span>
      </Link>
    </li>
  );
}
