import { heightOf } from "@/pages/memories/columns";
import { usePreferences } from "@/preferences";

const WIDTHS = ["w-3/5", "w-2/5", "w-1/2", "w-4/5", "w-1/3"];

/** The list before it is there, in its own geometry. */
export function ListSkeleton({ wide }: { wide: boolean }) {
  const { density } = usePreferences();
  return (
    <div className="overflow-hidden rounded-card border border-line bg-surface">
      {wide && <div className="h-9 border-b border-line bg-sunken" />}
      {Array.from({ length: 12 }, (_, row) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
          key={row}
          style={{ height: heightOf(density, wide) }}
          className="flex items-center gap-4 border-b border-line px-4"
        >
          <div className="size-4 rounded bg-line" />
          <div className={`h-3.5 rounded bg-line ${WIDTHS[row % WIDTHS.length]}`} />
        </div>
      ))}
    </div>
  );
}
