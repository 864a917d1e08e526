import { GitMerge } from "lucide-react";
import type { AppOut } from "@/api/queries/apps";
import { Button } from "@/components/Button";
import { Section } from "@/components/Page";
import { t } from "@/i18n/t";
import { Names } from "@/pages/apps/danger/Names";
import { TakeBack } from "@/pages/apps/danger/TakeBack";
import { Trash } from "@/pages/apps/danger/Trash";
import type { Settling } from "@/pages/apps/useSettling";

/** What changes much at once. All of it can be undone. */
export default function DangerTab({ app, settling }: { app: AppOut; settling: Settling }) {
  return (
    <div className="grid max-w-3xl grid-cols-1 gap-4">
      <TakeBack app={app} />
      <Section title={t("apps.danger.merge")}>
        <p className="mb-3 text-soft">{t("apps.danger.mergeText")}</p>
        <Button icon={GitMerge} onClick={() => settling.ask("merge", app)}>
          {t("apps.merge")}
        </Button>
        <Names app={app} />
      </Section>
      <Trash app={app} />
    </div>
  );
}
