import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type AppOut, pauseApp } from "@/api/queries/apps";
import { done, failed } from "@/components/undo";

export interface Asking {
  what: "rename" | "merge";
  app: AppOut;
}

/** What can be settled about an app from a list or from its own page. */
export function useSettling() {
  const client = useQueryClient();
  const [asking, setAsking] = useState<Asking | null>(null);
  const pausing = useMutation({
    mutationFn: pauseApp,
    onSuccess: ({ effect, action_id }) => void done(effect, action_id),
    onError: (error) => void failed(error),
    onSettled: () => client.invalidateQueries(),
  });
  return {
    asking,
    busy: pausing.isPending ? pausing.variables.name : null,
    ask: (what: "rename" | "merge", app: AppOut) => setAsking({ what, app }),
    answered: () => setAsking(null),
    pause: (app: AppOut) => pausing.mutate(app),
  };
}

export type Settling = ReturnType<typeof useSettling>;
