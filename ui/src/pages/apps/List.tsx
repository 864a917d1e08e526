import { ArrowDown, ArrowUp } from "lucide-react";
import { useRef } from "react";
import type { AppDays, AppOut } from "@/api/queries/apps";
import { useMedia } from "@/components/useMedia";
import { t } from "@/i18n/t";
import { AnyOther } from "@/pages/apps/AnyOther";
import { Card } from "@/pages/apps/Card";
import type { Order } from "@/pages/apps/order";
import { Row } from "@/pages/apps/Row";
import { useRowKeys } from "@/pages/apps/useRowKeys";
import type { Settling } from "@/pages/apps/useSettling";

interface Props {
  apps: AppOut[];
  days: ReadonlyMap<string, AppDays>;
  settling: Settling;
  order: Order;
  onOrder: (by: Order["by"]) => void;
}

/** The apps as a table, or as cards where there is no room for one. */
export function List(props: Props) {
  const { apps, days, settling } = props;
  const box = useRef<HTMLDivElement>(null);
  const wide = useMedia("(min-width: 64rem)");
  useRowKeys(box, apps, settling);
  return (
    <div ref={box}>
      {wide ? (
        <Table {...props} />
      ) : (
        <ul
          aria-label={t("apps.list")}
          className="divide-y divide-line rounded-card border border-line bg-surface"
        >
          {apps.map((app) => (
            <Card key={app.name} app={app} days={days.get(app.name)} settling={settling} />
          ))}
          <li className="p-3">
            <AnyOther />
          </li>
        </ul>
      )}
    </div>
  );
}

function Table({ apps, days, settling, order, onOrder }: Props) {
  const head = { order, onOrder };
  return (
    <div className="overflow-x-auto rounded-card border border-line bg-surface">
      <table aria-label={t("apps.list")} className="w-full table-fixed">
        <thead className="border-b border-line text-xs text-soft">
          <tr>
            <Head {...head} by="name" word={t("apps.column.app")} className="w-[30%] ps-4" />
            <Head {...head} by="last_seen" word={t("apps.column.seen")} className="w-24" />
            <th scope="col" className="w-48 px-2 text-start font-medium">
              {t("apps.column.calls")}
            </th>
            <Head
              {...head}
              by="memories"
              word={t("apps.column.wrote")}
              className="w-20 max-xl:hidden"
            />
            <th scope="col" className="w-32 px-2 text-start font-medium">
              {t("apps.column.reads")}
            </th>
            <th scope="col" className="w-14 px-2 max-xl:hidden text-start font-medium">
              {t("apps.column.keys")}
            </th>
            <th scope="col" className="w-36">
              <span className="sr-only">{t("apps.column.actions")}</span>
            </th>
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {apps.map((app) => (
            <Row key={app.name} app={app} days={days.get(app.name)} settling={settling} />
          ))}
          <tr>
            <td colSpan={7} className="px-4 py-2.5">
              <AnyOther />
            </td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}

interface HeadProps extends Pick<Props, "order" | "onOrder"> {
  by: Order["by"];
  word: string;
  className: string;
}

function Head({ order, onOrder, by, word, className }: HeadProps) {
  const Arrow = order.direction === "asc" ? ArrowUp : ArrowDown;
  const sorted = order.by === by;
  const said = order.direction === "asc" ? "ascending" : "descending";
  return (
    <th
      scope="col"
      aria-sort={sorted ? said : undefined}
      className={`px-2 text-start ${className}`}
    >
      <button
        type="button"
        onClick={() => onOrder(by)}
        className="inline-flex min-h-9 min-w-6 items-center gap-1 font-medium hover:text-ink"
      >
        {word}
        {sorted && <Arrow aria-hidden className="size-3" />}
      </button>
    </th>
  );
}
