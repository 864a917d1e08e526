import { useState } from "react";
import type { Schemas } from "@/api/client";
import { wordsFor } from "@/components/ProblemCard";

/** Makes a key and holds its secret for as long as the dialog is open: in no cache and no storage. */
export function useSecret(make: () => Promise<Schemas["IssuedKeyView"]>) {
  const [secret, setSecret] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const ask = async () => {
    setBusy(true);
    setError(null);
    try {
      setSecret((await make()).key);
    } catch (problem) {
      setError(wordsFor(problem).text);
    }
    setBusy(false);
  };
  return { secret, error, busy, ask };
}
