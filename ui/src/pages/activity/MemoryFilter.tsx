import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { isProblem } from "@/api/client";
import { memoryQuery } from "@/api/queries/memory";
import { Field } from "@/components/Field";
import { t } from "@/i18n/t";
import { TextFilter } from "@/pages/activity/TextFilter";

interface Props {
  value: string;
  onChange: (memory: string) => void;
}

const SHORT = /^m\d+$/i;

/** Which memory: the log knows it by its UUID, people by its short id. */
export function MemoryFilter({ value, onChange }: Props) {
  const client = useQueryClient();
  const [error, setError] = useState<string | null>(null);
  const find = async (said: string) => {
    setError(null);
    if (!SHORT.test(said)) return onChange(said);
    try {
      onChange((await client.fetchQuery(memoryQuery(said.toLowerCase()))).id);
    } catch (problem) {
      const missing = isProblem(problem, 404);
      setError(missing ? t("activity.filter.noMemory", { id: said }) : String(problem));
    }
  };
  return (
    <Field label={t("activity.filter.memory")} hint={t("activity.filter.memoryHint")} error={error}>
      {(box) => <TextFilter {...box} value={value} onChange={(said) => void find(said)} />}
    </Field>
  );
}
