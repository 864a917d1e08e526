import { Link } from "@tanstack/react-router";
import { Minus, Plus } from "lucide-react";
import type { Schemas } from "@/api/client";
import { t } from "@/i18n/t";

type Change = Schemas["AppChangeOut"];
type Difference = Schemas["DifferenceOut"];
type Name = (app: string) => string;

/** What a draft would give to each app and take from it. */
export function Preview(props: { found: Schemas["PreviewOut"]; name: Name; open: boolean }) {
  const { found, name, open } = props;
  const changed = found.apps.filter(changesAnything);
  return (
    <div className="grid gap-2" role="status">
      {changed.length === 0 && <p className="text-soft">{t("access.nothingChanges")}</p>}
      <ul className="grid max-h-[45dvh] gap-2 overflow-y-auto">
        {changed.map((change) => (
          <li key={change.app}>
            <p>
              <bdi className="font-semibold">{name(change.app)}</bdi> {inWords(change)}
            </p>
            {open && <Moved {...change} />}
          </li>
        ))}
      </ul>
      {found.more_apps > 0 && (
        <p className="text-faint">{t("access.moreApps", { n: found.more_apps })}</p>
      )}
    </div>
  );
}

function changesAnything({ read, write, may_add, blocked }: Change): boolean {
  const moved = read.gains + read.loses + write.gains + write.loses;
  return blocked || moved > 0 || may_add.before !== may_add.after;
}

function inWords({ read, write, may_add, blocked }: Change): string {
  const parts = [
    ...counted(read, "read"),
    ...counted(write, "write"),
    ...(may_add.before === may_add.after ? [] : [t(`access.add.${may_add.after ? "yes" : "no"}`)]),
    ...(blocked ? [t("access.unblocks")] : []),
  ];
  return `${parts.join("; ")}.`;
}

function counted({ gains, loses }: Difference, verb: "read" | "write"): string[] {
  const parts: string[] = [];
  if (loses > 0) parts.push(t(`access.loses.${verb}`, { n: loses }));
  if (gains > 0) parts.push(t(`access.gains.${verb}`, { n: gains }));
  return parts;
}

/** The memories themselves; once, where the same go from reading and from changing. */
function Moved({ read, write }: Pick<Change, "read" | "write">) {
  const both = named(read) === named(write);
  return (
    <div className="grid gap-x-4 lg:grid-cols-2">
      <Memories of={read} title={t(both ? "access.bothVerbs" : "access.verb.read")} />
      {!both && <Memories of={write} title={t("access.verb.write")} />}
    </div>
  );
}

const named = ({ memories }: Difference) =>
  memories.map(({ id, change }) => `${id} ${change}`).join("\n");

function Memories({ of: found, title }: { of: Difference; title: string }) {
  if (found.memories.length === 0) return null;
  const rest = found.gains + found.loses - found.memories.length;
  return (
    <div className="mt-1 border-s-2 border-line ps-3">
      <h3 className="text-xs font-semibold text-faint">{title}</h3>
      <ul className="max-h-40 overflow-y-auto">
        {found.memories.map(({ id, short_id, excerpt, change }) => {
          const gains = change === "gains";
          const Icon = gains ? Plus : Minus;
          return (
            <li key={`${id} ${change}`} className="flex min-h-7 items-center gap-2">
              <Icon
                aria-label={t(`access.change.${change}`)}
                className={`size-3.5 shrink-0 ${gains ? "text-good" : "text-bad"}`}
              />
              <Link
                to="/memories/$id"
                params={{ id: short_id ?? id }}
                className="min-w-0 truncate leading-7 hover:underline max-md:leading-11"
                dir="auto"
              >
                {excerpt}
              </Link>
            </li>
          );
        })}
      </ul>
      {rest > 0 && <p className="text-xs text-faint">{t("access.moreMemories", { n: rest })}</p>}
    </div>
  );
}
