import { RotateCw } from "lucide-react";
import { isProblem, type Problem } from "@/api/client";
import { Button } from "@/components/Button";
import { t } from "@/i18n/t";

const KNOWN = [400, 401, 403, 404, 409, 412, 422, 429] as const;
type Known = (typeof KNOWN)[number];

interface Words {
  title: string;
  text: string;
}

/** What went wrong in the person's words, and the server's own where it said why. */
export function wordsFor(error: unknown): Words {
  if (!isProblem(error)) return { title: t("common.problem.other.title"), text: String(error) };
  const words = generalWords(error);
  return error.detail && error.status < 500 ? { ...words, text: error.detail } : words;
}

function generalWords(problem: Problem): Words {
  const { status } = problem;
  if (problem.unreached) return words("unreached", problem);
  if (status >= 500) return words("e500", problem);
  return words(KNOWN.includes(status as Known) ? `e${status as Known}` : "other", problem);
}

function words(name: `e${Known}` | "e500" | "unreached" | "other", problem: Problem): Words {
  const values = { status: problem.status, seconds: problem.retryAfter ?? "60" };
  return {
    title: t(`common.problem.${name}.title`),
    text: t(`common.problem.${name}.text`, values),
  };
}

/** An error in the place of what could not be shown. */
export function ProblemCard({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { title, text } = wordsFor(error);
  const id = isProblem(error) ? error.requestId : null;
  return (
    <div
      role="alert"
      className="grid justify-items-start gap-2 rounded-card border border-bad/50 bg-bad-soft p-4"
    >
      <h2 className="font-semibold text-bad">{title}</h2>
      <p className="max-w-prose text-ink">{text}</p>
      {id && <p className="font-mono text-xs text-soft">{t("common.request", { id })}</p>}
      {onRetry && (
        <Button icon={RotateCw} onClick={onRetry}>
          {t("common.retry")}
        </Button>
      )}
    </div>
  );
}
