import type { SearchOut } from "@/api/queries/search";
import { Section } from "@/components/Page";
import { t } from "@/i18n/t";
import { duration } from "@/i18n/time";

type Stages = SearchOut["timing"];
const KNOWN = ["embed", "find", "rank", "confirm"] as const;

/** Where the time went: each stage begins where the one before ended. */
export function Timing({ stages }: { stages: Stages }) {
  const all = stages.reduce((sum, { ms }) => sum + ms, 0);
  let from = 0;
  const drawn = stages.map((each) => {
    const start = from;
    from += each.ms;
    return { ...each, start };
  });
  return (
    <Section title={t("search.timing")}>
      <table className="w-full text-xs">
        <caption className="sr-only">{t("search.timingTotal", { time: duration(all) })}</caption>
        <tbody>
          {drawn.map(({ stage, ms, start }) => (
            <tr key={stage}>
              <th
                scope="row"
                className="py-1 pe-3 text-start font-normal whitespace-nowrap text-soft"
              >
                {nameOf(stage)}
              </th>
              <td aria-hidden className="w-full">
                <span className="block h-2 rounded-full bg-sunken">
                  <span
                    className="block h-2 min-w-0.5 rounded-full bg-accent"
                    style={{
                      marginInlineStart: `${share(start, all)}%`,
                      width: `${share(ms, all)}%`,
                    }}
                  />
                </span>
              </td>
              <td className="ps-3 text-end whitespace-nowrap">{duration(ms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="mt-2 text-xs text-soft">{t("search.timingTotal", { time: duration(all) })}</p>
    </Section>
  );
}

function nameOf(stage: string): string {
  const known = KNOWN.find((name) => name === stage);
  return known ? t(`search.stages.${known}`) : stage;
}

const share = (part: number, all: number): number => (all > 0 ? (100 * part) / all : 0);
