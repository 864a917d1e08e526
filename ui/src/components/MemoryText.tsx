import { useQuery } from "@tanstack/react-query";
import { isProblem } from "@/api/client";
import { memoryQuery } from "@/api/queries/memory";
import { t } from "@/i18n/t";

/** The text of a memory of which only the id is known. Untrusted: shown as text, never more. */
export function MemoryText({ id, className }: { id: string; className?: string }) {
  const { data, error } = useQuery(memoryQuery(id));
  if (error) {
    const gone = isProblem(error, 404);
    return <span className="text-faint">{gone ? t("activity.hit.gone") : error.message}</span>;
  }
  return (
    <span dir="auto" className={className}>
      {data?.text ?? "…"}
    </span>
  );
}
