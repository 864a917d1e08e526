import { useMutation, useQuery } from "@tanstack/react-query";
import { CircleCheck, KeyRound } from "lucide-react";
import { type MadeKey, makeKey } from "@/api/queries/connect";
import { meQuery } from "@/api/queries/me";
import { Button } from "@/components/Button";
import { failed } from "@/components/undo";
import { t } from "@/i18n/t";

interface Props {
  /** Whom the key is bound to; null while that has no name. */
  app: string | null;
  client: string;
  made: boolean;
  placeholder: string | null;
  onMade: (key: MadeKey) => void;
}

/** A key for the program, written into its settings as soon as it is made. */
export function KeyMaker({ app, client, made, placeholder, onMade }: Props) {
  const { data: me } = useQuery(meQuery);
  const make = useMutation({
    mutationFn: makeKey,
    onSuccess: onMade,
    onError: (error) => void failed(error),
  });
  if (!me?.can.manage) {
    return placeholder && <p className="mb-4">{t("connect.keyAsk", { placeholder })}</p>;
  }
  return (
    <div role="status" className="mb-4 flex flex-wrap items-center gap-x-3 gap-y-2">
      {made ? (
        <p className="flex min-h-9 items-center gap-1.5 text-good">
          <CircleCheck aria-hidden className="size-4 shrink-0" />
          {t("connect.keyMade")}
        </p>
      ) : (
        <>
          <Button
            icon={KeyRound}
            look={me.key_required ? "primary" : "plain"}
            disabled={make.isPending || app === null}
            onClick={() => app !== null && make.mutate(app)}
          >
            {t("connect.key")}
          </Button>
          <p className="min-w-0 flex-1 text-soft">{whyOf(app, client, me.key_required)}</p>
        </>
      )}
    </div>
  );
}

function whyOf(app: string | null, client: string, needed: boolean): string {
  if (app === null) return t("connect.nameNeeded");
  return needed ? t("connect.keyNeeded") : t("connect.keyOptional", { client });
}
