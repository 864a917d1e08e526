import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { OWN_401 } from "@/api/cache";
import { api, body, isProblem } from "@/api/client";
import { Button } from "@/components/Button";
import { Field, Input } from "@/components/Field";
import { wordsFor } from "@/components/ProblemCard";
import { t } from "@/i18n/t";

/** Trades a key for a session. The address stays, so one comes back to where one was. */
export default function SignIn() {
  const client = useQueryClient();
  const [key, setKey] = useState("");
  const signIn = useMutation({
    meta: OWN_401,
    mutationFn: () => body(api.POST("/api/v1/session", { body: { key, label: label() } })),
    onSuccess: () => client.resetQueries(),
  });
  useEffect(() => {
    document.title = `${t("shell.signIn.title")} – ${t("common.product")}`;
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <main className="mx-auto grid max-w-sm content-center gap-4 px-4 py-16">
      <h1 className="text-xl font-semibold">{t("shell.signIn.title")}</h1>
      <p className="text-soft">{t("shell.signIn.intro")}</p>
      <form onSubmit={submit} className="grid gap-4">
        <Field
          label={t("shell.signIn.key")}
          hint={t("shell.signIn.hint")}
          error={signIn.error && reason(signIn.error)}
        >
          {(box) => (
            <Input
              {...box}
              type="password"
              autoComplete="current-password"
              required
              value={key}
              onChange={(event) => setKey(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" look="primary" disabled={signIn.isPending}>
          {t("shell.signIn.submit")}
        </Button>
      </form>
    </main>
  );
}

function reason(error: Error): string {
  return isProblem(error, 401) ? t("shell.signIn.refused") : wordsFor(error).text;
}

function label(): string {
  const name = /(Firefox|Edg|Chrome|Safari)/.exec(navigator.userAgent)?.[1] ?? "Browser";
  return `${name} on ${navigator.platform || "unknown"}`;
}
