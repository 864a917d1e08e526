import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { similarQuery } from "@/api/queries/memories";
import { AppName } from "@/components/AppName";
import { t } from "@/i18n/t";

const TYPING_MS = 400;
const MIN_LENGTH = 8;
const SHOWN = 3;

/** Memories that may say the same as what is being typed. */
export function Similar({ text }: { text: string }) {
  const asked = useSettled(text.trim());
  const long = asked.length >= MIN_LENGTH;
  const { data } = useQuery(similarQuery(long ? asked : ""));
  const items = long ? (data?.items ?? []) : [];
  return (
    <section aria-live="polite" aria-label={t("memories.new.similar")}>
      {items.length > 0 && (
        <>
          <h3 className="mb-1 text-xs font-medium text-warn">{t("memories.new.similar")}</h3>
          <ul className="divide-y divide-line rounded-lg bg-sunken px-3">
            {items.slice(0, SHOWN).map(({ item }) => (
              <li key={item.id} className="flex items-start gap-3 py-2">
                <span dir="auto" className="line-clamp-2 min-w-0 flex-1 [overflow-wrap:anywhere]">
                  {item.text}
                </span>
                <AppName app={item.app} className="max-w-32 shrink-0 text-xs text-soft" />
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

/** What was typed, once the typing has stopped for a moment. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), TYPING_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
