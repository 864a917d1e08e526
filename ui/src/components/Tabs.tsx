import { type KeyboardEvent, type ReactNode, Suspense, useEffect, useId, useRef } from "react";
import { Late, Lines } from "@/components/Answer";

export interface Tab {
  value: string;
  label: ReactNode;
  content: () => ReactNode;
}

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
  tabs: Tab[];
}

/** Views of one thing. Only the chosen one is made; the arrow keys go from one to the next. */
export function Tabs({ label, value, onChange, tabs }: Props) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const place = tabs.findIndex((tab) => tab.value === value);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another tab is chosen
  useEffect(() => reveal(list.current), [value]);
  const press = (event: KeyboardEvent<HTMLElement>) => {
    const to = placeAfter(event, place, tabs.length);
    const tab = tabs[to];
    if (!tab) return;
    event.preventDefault();
    onChange(tab.value);
    list.current?.querySelectorAll<HTMLElement>('[role="tab"]')[to]?.focus();
  };
  return (
    <div>
      <div
        ref={list}
        role="tablist"
        aria-label={label}
        className="mb-3 flex gap-1 overflow-x-auto border-b border-line"
      >
        {tabs.map((tab) => (
          <button
            key={tab.value}
            type="button"
            role="tab"
            id={`${id}-${tab.value}`}
            aria-selected={tab.value === value}
            aria-controls={tab.value === value ? `${id}-panel` : undefined}
            tabIndex={tab.value === value ? 0 : -1}
            onClick={() => onChange(tab.value)}
            onKeyDown={press}
            className="min-h-9 max-md:min-h-11 shrink-0 border-b-2 border-transparent px-2.5 text-sm text-soft -outline-offset-2 hover:text-ink aria-selected:border-accent aria-selected:font-semibold aria-selected:text-ink"
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div
        key={value}
        id={`${id}-panel`}
        role="tabpanel"
        aria-labelledby={`${id}-${value}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what it shows may hold nothing to stop at
        tabIndex={0}
        className="outline-offset-4"
      >
        <Suspense
          fallback={
            <Late>
              <Lines n={3} />
            </Late>
          }
        >
          {tabs[place]?.content()}
        </Suspense>
      </div>
    </div>
  );
}

function placeAfter(event: KeyboardEvent<HTMLElement>, place: number, all: number): number {
  const forward = getComputedStyle(event.currentTarget).direction === "rtl" ? -1 : 1;
  const step = { ArrowRight: forward, ArrowLeft: -forward }[event.key];
  if (step) return (place + step + all) % all;
  return { Home: 0, End: all - 1 }[event.key] ?? -1;
}

/** Along the row only: the page itself must stay where it is. */
function reveal(list: HTMLElement | null): void {
  const tab = list?.querySelector('[aria-selected="true"]')?.getBoundingClientRect();
  if (!list || !tab) return;
  const box = list.getBoundingClientRect();
  list.scrollLeft += Math.max(0, tab.right - box.right) || Math.min(0, tab.left - box.left);
}
