import { Link } from "@tanstack/react-router";
import { CircleCheck, TriangleAlert, X } from "lucide-react";
import { useState } from "react";
import type { Overview } from "@/api/queries/overview";
import { IconButton } from "@/components/Button";
import { t } from "@/i18n/t";
import { ago } from "@/i18n/time";

type Item = Overview["attention"][number];

const nameOf = ({ kind, text, since }: Item): string => [kind, text, since ?? ""].join("\n");

/** What is not as it should be. What was dismissed comes back when it changes, or with a new visit. */
export function Attention({ items }: { items: Item[] }) {
  const [dismissed, setDismissed] = useState<ReadonlySet<string>>(new Set());
  const left = items.filter((item) => !dismissed.has(nameOf(item)));
  if (items.length === 0) {
    return (
      <p className="flex min-h-6 items-center gap-1.5 px-1 text-soft">
        <CircleCheck aria-hidden className="size-4 text-good" />
        {t("overview.attention.none")}
      </p>
    );
  }
  if (left.length === 0) return null;
  return (
    <section
      aria-label={t("overview.attention.title")}
      className="rounded-card border border-warn/50 bg-warn-soft px-4 py-2"
    >
      <h2 className="sr-only">{t("overview.attention.title")}</h2>
      <ul className="divide-y divide-warn/25">
        {left.map((item) => (
          <Row
            key={nameOf(item)}
            item={item}
            onDismiss={() => setDismissed(new Set([...dismissed, nameOf(item)]))}
          />
        ))}
      </ul>
    </section>
  );
}

function Row({ item, onDismiss }: { item: Item; onDismiss: () => void }) {
  const { text, since, link } = item;
  return (
    <li className="flex items-center gap-x-3 py-1">
      <TriangleAlert aria-hidden className="size-4 shrink-0 text-warn" />
      <p className="min-w-0 flex-1">
        {text}
        {since && (
          <span className="text-soft">
            {" "}
            · {t("overview.attention.since", { time: ago(since) })}
          </span>
        )}
      </p>
      {link && (
        <Link
          to={link}
          aria-label={t("overview.attention.look", { text })}
          className="inline-flex min-h-6 items-center font-semibold text-warn underline max-md:min-h-11"
        >
          {t("overview.attention.lookShort")}
        </Link>
      )}
      <IconButton icon={X} label={t("overview.attention.dismiss", { text })} onClick={onDismiss} />
    </li>
  );
}
