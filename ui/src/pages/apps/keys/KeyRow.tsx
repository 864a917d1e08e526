import type { ReactNode } from "react";
import type { KeyView } from "@/api/queries/keys";
import { Button } from "@/components/Button";
import { Chip } from "@/components/Chip";
import { Time } from "@/components/Time";
import { listed, t } from "@/i18n/t";
import { inOrder, nameOfKey } from "@/pages/apps/keys/naming";

interface Props {
  of: KeyView;
  onAsk: (what: "rotate" | "revoke") => void;
}

/** A key without its secret: what it may do, until when, and when it was last used. */
export function KeyRow({ of, onAsk }: Props) {
  const good = of.status === "active";
  const name = nameOfKey(of);
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2.5">
      <div className="grid min-w-0 flex-1 basis-64 gap-0.5">
        <p className="flex min-w-0 flex-wrap items-center gap-x-2">
          {of.label && <bdi className="font-semibold wrap-anywhere">{of.label}</bdi>}
          <span className="text-soft">{t("apps.keys.hint", { hint: of.hint })}</span>
          {!good && (
            <Chip tone={of.status === "revoked" ? "bad" : "warn"}>
              {t(`apps.keys.status.${of.status}`)}
            </Chip>
          )}
          {of.replaced_by && <Chip>{t("apps.keys.replaced")}</Chip>}
        </p>
        <p className="flex flex-wrap gap-x-3 text-xs text-soft">
          <span className="text-ink">
            {listed(inOrder(of.scopes).map((scope) => t(`apps.keys.scope.${scope}`)))}
          </span>
          <When word={of.last_used_at ? t("apps.keys.used") : t("apps.keys.unused")}>
            {of.last_used_at && <Time at={of.last_used_at} />}
          </When>
          <When word={t("apps.keys.made")}>
            <Time at={of.created_at} />
          </When>
          <When word={of.expires_at ? t("apps.keys.expires") : t("apps.keys.never")}>
            {of.expires_at && <Time at={of.expires_at} />}
          </When>
        </p>
      </div>
      {good && (
        <span className="flex gap-2">
          <Button
            aria-label={t("apps.keys.rotateNamed", { key: name })}
            onClick={() => onAsk("rotate")}
          >
            {t("apps.keys.rotate")}
          </Button>
          <Button
            look="danger"
            aria-label={t("apps.keys.revokeNamed", { key: name })}
            onClick={() => onAsk("revoke")}
          >
            {t("apps.keys.revoke")}
          </Button>
        </span>
      )}
    </li>
  );
}

function When({ word, children }: { word: string; children: ReactNode }) {
  return (
    <span>
      {word} {children}
    </span>
  );
}
