import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { MemoryDetail } from "@/api/queries/memory";
import { AppName } from "@/components/AppName";
import { Chip } from "@/components/Chip";
import { Time } from "@/components/Time";
import { t } from "@/i18n/t";
import { ago } from "@/i18n/time";

/** What is known of a memory beside its text. What it does not have is left out. */
export function Facts({ memory }: { memory: MemoryDetail }) {
  const { reads, last_read_at: last } = memory;
  return (
    <dl
      aria-label={t("memory.facts.label")}
      className="grid grid-cols-[7rem_minmax(0,1fr)] gap-y-2 text-sm"
    >
      <Fact name={t("memory.facts.categories")}>
        <CategoryChips categories={memory.categories} />
      </Fact>
      <Fact name={t("memory.facts.app")}>
        {memory.app === null ? (
          <AppName app={null} />
        ) : (
          <Link to="/apps/$app" params={{ app: memory.app }} className="hover:underline">
            <AppName app={memory.app} />
          </Link>
        )}
      </Fact>
      <Fact name={t("memory.facts.created")}>
        <Time at={memory.created_at} />
      </Fact>
      {memory.version > 1 && (
        <Fact name={t("memory.facts.updated")}>
          <Time at={memory.updated_at} />
        </Fact>
      )}
      {memory.deleted_at && (
        <Fact name={t("memory.facts.deleted")}>
          <Time at={memory.deleted_at} />
        </Fact>
      )}
      <Fact name={t("memory.facts.reads")}>
        {reads > 0 && last
          ? t("memory.facts.times", { n: reads, last: ago(last) })
          : t("memory.facts.never")}
      </Fact>
      <Optional name={t("memory.facts.event")} value={memory.event_time?.slice(0, 10)} />
      <Optional name={t("memory.facts.expires")} value={memory.expiration_date} />
      <Optional name={t("memory.facts.agent")} value={memory.agent_id} />
      <Optional name={t("memory.facts.run")} value={memory.run_id} />
      {memory.app_id !== memory.app && (
        <Optional name={t("memory.facts.appId")} value={memory.app_id} />
      )}
      <Optional name={t("memory.facts.actor")} value={memory.actor} />
      {memory.inferred && (
        <Optional name={t("memory.facts.inferred")} value={t("memory.facts.inferredBy")} />
      )}
      {memory.immutable && (
        <Optional name={t("memory.facts.immutable")} value={t("memory.facts.immutableYes")} />
      )}
    </dl>
  );
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="contents">
      <dt className="text-soft">{name}</dt>
      <dd className="min-w-0 [overflow-wrap:anywhere]">{children}</dd>
    </div>
  );
}

function Optional({ name, value }: { name: string; value: string | null | undefined }) {
  if (!value) return null;
  return (
    <Fact name={name}>
      <bdi>{value}</bdi>
    </Fact>
  );
}

function CategoryChips({ categories }: { categories: string[] | null }) {
  if (categories === null) {
    return <span className="text-soft">{t("memory.facts.undecided")}</span>;
  }
  if (categories.length === 0) return <span className="text-soft">{t("memory.facts.none")}</span>;
  return (
    <span className="flex flex-wrap gap-1">
      {categories.map((name) => (
        <Link
          key={name}
          to="/memories"
          search={{ category: [name] } as never}
          className="inline-flex min-h-6 items-center rounded-md hover:underline max-md:min-h-11 max-md:min-w-11"
        >
          <Chip>
            <bdi className="truncate">{name}</bdi>
          </Chip>
        </Link>
      ))}
    </span>
  );
}
