import { Link } from "@tanstack/react-router";
import type { AppDays, AppOut } from "@/api/queries/apps";
import { AppName } from "@/components/AppName";
import { Time } from "@/components/Time";
import { count } from "@/i18n/t";
import { callsInWords, sumsOf } from "@/pages/apps/known";
import { Actions, Program, Share, Standing } from "@/pages/apps/Parts";
import { Sparkline } from "@/pages/apps/Sparkline";
import type { Settling } from "@/pages/apps/useSettling";

/** An app as a row of the table. */
export function Row(props: { app: AppOut; days: AppDays | undefined; settling: Settling }) {
  const { app, days, settling } = props;
  return (
    <tr data-row={app.name} className="hover:bg-sunken">
      <th scope="row" className="px-4 py-2.5 text-start font-normal">
        <span className="flex min-w-0 items-center gap-2">
          <Link
            to="/apps/$app"
            params={{ app: app.name }}
            data-app={app.name}
            className="flex min-h-6 min-w-0 font-semibold hover:underline"
          >
            <AppName app={app.name} label={app.label} />
          </Link>
          <Standing app={app} />
        </span>
        <span className="block truncate ps-6.5 text-xs text-soft">
          <Program app={app} />
        </span>
      </th>
      <td className="px-2 whitespace-nowrap text-soft">
        <Time at={app.last_seen_at} />
      </td>
      <td className="px-2">
        <Sparkline days={days} />
        <span className="mt-0.5 block text-xs text-soft tabular-nums">
          {callsInWords(sumsOf(days))}
        </span>
      </td>
      <td className="px-2 tabular-nums max-xl:hidden">{count(app.total_memories_created)}</td>
      <td className="px-2">
        <Share app={app} />
      </td>
      <td className="px-2 text-soft tabular-nums max-xl:hidden">
        {app.keys === 0 ? "–" : count(app.keys)}
      </td>
      <td className="px-2 text-end">
        <Actions app={app} settling={settling} />
      </td>
    </tr>
  );
}
