import { useMutation } from "@tanstack/react-query";
import { CircleCheck, CircleX } from "lucide-react";
import { testConnection } from "@/api/queries/connect";
import { Button } from "@/components/Button";
import { ProblemCard } from "@/components/ProblemCard";
import { t } from "@/i18n/t";
import { duration } from "@/i18n/time";

/** Whether a program with this key would be served. */
export function Trial({ secret }: { secret: string | null }) {
  const test = useMutation({ mutationFn: () => testConnection(secret) });
  const { data, error, isPending } = test;
  const Icon = data?.ok ? CircleCheck : CircleX;
  return (
    <div className="grid justify-items-start gap-2">
      <Button disabled={isPending} onClick={() => test.mutate()}>
        {t("connect.test")}
      </Button>
      <p role="status" className={data ? (data.ok ? "text-good" : "text-bad") : "text-soft"}>
        {data ? (
          <span className="flex items-start gap-1.5">
            <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
            {data.ok
              ? t("connect.tested", { text: data.text, time: duration(data.ms) })
              : data.text}
          </span>
        ) : (
          t("connect.testText")
        )}
      </p>
      {error && <ProblemCard error={error} />}
    </div>
  );
}
