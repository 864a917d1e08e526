import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Lock, Plug, SearchX } from "lucide-react";
import { useMemo } from "react";
import { appsQuery, daysQuery } from "@/api/queries/apps";
import { meQuery } from "@/api/queries/me";
import { Answer, Lines } from "@/components/Answer";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { Input } from "@/components/Field";
import { Page } from "@/components/Page";
import { count, t } from "@/i18n/t";
import { List } from "@/pages/apps/List";
import { orderOf, sortedBy } from "@/pages/apps/order";
import { Questions } from "@/pages/apps/Questions";
import { useSettling } from "@/pages/apps/useSettling";
import { useAddress } from "@/shell/search";

const DEFAULTS = { q: "" as string, sort: "-last_seen" as string };

/** Which agents call, what they did, how much they can read, and whether they may go on. */
export default function Apps() {
  const { data: me } = useQuery(meQuery);
  if (me && !me.can.manage) {
    return (
      <Page title={t("apps.title")}>
        <Empty
          icon={Lock}
          title={t("apps.empty.forbidden.title")}
          text={t("apps.empty.forbidden.text")}
        />
      </Page>
    );
  }
  return me ? <Listed /> : <Page title={t("apps.title")}>{null}</Page>;
}

function Listed() {
  const [{ q, sort }, change] = useAddress(DEFAULTS);
  const order = orderOf(sort);
  const name = String(q).trim();
  const found = useQuery(
    appsQuery({
      sort_by: order.by,
      sort_direction: order.direction,
      ...(name ? { name } : {}),
    }),
  );
  const { data: days } = useQuery(daysQuery);
  const byApp = useMemo(() => new Map(days?.apps.map((each) => [each.app, each])), [days]);
  const settling = useSettling();
  const none = found.data?.total === 0 && name === "";
  const find = !none && (
    <Input
      type="search"
      aria-label={t("apps.find")}
      placeholder={t("apps.find")}
      maxLength={255}
      value={String(q)}
      onChange={(event) => change({ q: event.target.value })}
      className="max-w-56"
    />
  );
  return (
    <Page
      title={t("apps.title")}
      aside={
        found.data && <span className="text-soft tabular-nums">{count(found.data.total)}</span>
      }
      actions={find}
    >
      <Answer query={found} skeleton={<Lines n={6} className="h-14" />}>
        {({ apps, total }) =>
          apps.length === 0 ? (
            <Nothing narrowed={name !== ""} onClear={() => change({ q: "" })} />
          ) : (
            <>
              <List
                apps={apps}
                days={byApp}
                settling={settling}
                order={order}
                onOrder={(by) => change({ sort: sortedBy(order, by) })}
              />
              {total > apps.length && (
                <p className="mt-3 text-soft">{t("apps.more", { n: total - apps.length })}</p>
              )}
            </>
          )
        }
      </Answer>
      <Questions {...settling} />
    </Page>
  );
}

function Nothing({ narrowed, onClear }: { narrowed: boolean; onClear: () => void }) {
  const words = narrowed ? "noMatch" : "nothing";
  return (
    <Empty
      icon={narrowed ? SearchX : Plug}
      title={t(`apps.empty.${words}.title`)}
      text={t(`apps.empty.${words}.text`)}
    >
      {narrowed ? (
        <Button onClick={onClear}>{t("common.clearFilters")}</Button>
      ) : (
        <Link
          to="/connect"
          className="inline-flex min-h-9 items-center rounded-lg bg-accent px-3 font-semibold text-accent-ink max-md:min-h-11"
        >
          {t("apps.empty.nothing.connect")}
        </Link>
      )}
    </Empty>
  );
}
