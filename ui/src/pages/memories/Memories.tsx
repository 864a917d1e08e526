import { useQuery } from "@tanstack/react-query";
import { useLocation, useNavigate, useParams } from "@tanstack/react-router";
import { ArrowUp } from "lucide-react";
import { lazy, Suspense, useCallback, useState } from "react";
import { meQuery } from "@/api/queries/me";
import { headQuery } from "@/api/queries/memories";
import { Answer } from "@/components/Answer";
import { Page } from "@/components/Page";
import { useMedia } from "@/components/useMedia";
import { count, t } from "@/i18n/t";
import { EmptyList } from "@/pages/memories/EmptyList";
import { FilterBar } from "@/pages/memories/FilterBar";
import { DEFAULTS, wishOf } from "@/pages/memories/filters";
import { List } from "@/pages/memories/List";
import { ListSkeleton } from "@/pages/memories/ListSkeleton";
import { PANEL_ROOM } from "@/pages/memories/panel/room";
import type { News } from "@/pages/memories/useLiveRows";
import { useAddress } from "@/shell/search";

const MemoryPanel = lazy(() => import("@/pages/memories/panel/MemoryPanel"));

/** All memories; one of them beside them, or in their place where there is no room. */
export default function Memories() {
  const [address, change] = useAddress(DEFAULTS);
  const { id } = useParams({ strict: false });
  const location = useLocation();
  const navigate = useNavigate();
  const { data: me } = useQuery(meQuery);
  const roomForBoth = useMedia("(min-width: 64rem)");
  const roomForColumns = useMedia("(min-width: 80rem)") && id === undefined;
  const phone = useMedia("(max-width: 47.999rem)");
  const wish = wishOf(address);
  const head = useQuery({ ...headQuery(wish), enabled: me?.can.read !== false });
  const [news, setNews] = useState<{ news: News; show: () => void } | null>(null);
  const onNews = useCallback((next: News, show: () => void) => setNews({ news: next, show }), []);

  const open = useCallback(
    (next: string | null, edit = false) =>
      void navigate({
        to: next === null ? "/memories" : "/memories/$id",
        params: { id: next ?? "" },
        search: ((old: object) => ({ ...old, edit: edit || undefined })) as never,
        // Going through the list with a memory open is one step back, not as many.
        replace: id !== undefined && next !== null,
        resetScroll: false,
      }),
    [navigate, id],
  );
  if (!me) return null;

  const alone = id !== undefined && !roomForBoth;
  return (
    <Page
      fills
      title={alone ? t("memory.named", { id }) : t("memories.title")}
      aside={!alone && <Aside total={head.data?.total} news={news} />}
    >
      <div className="flex min-h-0 flex-1 gap-4 pb-3">
        <div className={alone ? "hidden" : "flex min-h-0 min-w-0 flex-1 flex-col"}>
          {me.can.read && (
            <FilterBar address={address} wish={wish} onChange={change} phone={phone} />
          )}
          {me.can.read ? (
            <Answer query={head} skeleton={<ListSkeleton wide={roomForColumns} />}>
              {(data) =>
                data.total === 0 ? (
                  <EmptyList wish={data.wish} onChange={change} />
                ) : (
                  <List
                    key={JSON.stringify(data.wish)}
                    head={data}
                    entry={location.state.__TSR_key ?? ""}
                    wide={roomForColumns}
                    hidden={alone}
                    openId={id}
                    can={me.can}
                    onOpen={open}
                    onSort={(sort) => change({ sort })}
                    onNews={onNews}
                  />
                )
              }
            </Answer>
          ) : (
            <EmptyList wish={wish} onChange={change} forbidden />
          )}
        </div>
        {id !== undefined && (
          <Suspense fallback={<div className={alone ? "flex-1" : PANEL_ROOM} />}>
            <MemoryPanel
              key={id}
              id={id}
              me={me}
              page={alone}
              tab={String(address.tab)}
              onTab={(tab) => change({ tab })}
              editing={address.edit === true}
              onEdit={(edit) => change({ edit })}
              onClose={() => open(null)}
            />
          </Suspense>
        )}
      </div>
    </Page>
  );
}

function Aside(props: {
  total: number | undefined;
  news: { news: News; show: () => void } | null;
}) {
  const { n, changed } = props.news?.news ?? { n: 0, changed: false };
  return (
    <>
      {props.total !== undefined && (
        <span data-testid="total" className="text-soft tabular-nums">
          {count(props.total)}
        </span>
      )}
      {(n > 0 || changed) && (
        <button
          type="button"
          onClick={props.news?.show}
          className="inline-flex min-h-8 items-center gap-1.5 rounded-full bg-accent px-3 text-sm font-semibold text-accent-ink max-md:min-h-11"
        >
          <ArrowUp aria-hidden className="size-4" />
          {n > 0 ? t("memories.pill.new", { n }) : t("memories.pill.changed")}
        </button>
      )}
    </>
  );
}
