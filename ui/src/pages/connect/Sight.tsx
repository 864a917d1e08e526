import { useMutation, useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { templatesQuery } from "@/api/queries/access";
import { applyTemplate } from "@/api/queries/connect";
import { Button } from "@/components/Button";
import { Select } from "@/components/Field";
import { done, failed } from "@/components/undo";
import { t } from "@/i18n/t";

interface Props {
  app: string;
  name: string;
}

/** What the program may see, settled before its first call. Nothing is set by looking around. */
export function Sight({ app, name }: Props) {
  const id = useId();
  const [chosen, choose] = useState("");
  const { data } = useQuery(templatesQuery);
  const template = data?.templates.find((each) => each.name === chosen);
  const apply = useMutation({
    mutationFn: () => applyTemplate(app, chosen),
    onError: (error) => void failed(error),
    onSuccess: ({ action_id }) => {
      choose("");
      void done(
        t("connect.applied", { app: name, template: template?.title ?? chosen }),
        action_id,
      );
    },
  });
  return (
    <div className="grid gap-2">
      <div className="flex flex-wrap gap-2">
        <Select
          aria-label={t("connect.accessLabel")}
          aria-describedby={id}
          value={chosen}
          onChange={({ target }) => choose(target.value)}
          className="max-w-80 min-w-0 flex-1"
        >
          <option value="">{t("connect.asIs")}</option>
          {data?.templates.map(({ name: each, title }) => (
            <option key={each} value={each}>
              {title}
            </option>
          ))}
        </Select>
        {template && (
          <Button look="primary" disabled={apply.isPending} onClick={() => apply.mutate()}>
            {t("connect.set")}
          </Button>
        )}
      </div>
      <p id={id} className="text-soft">
        {template?.description ?? t("connect.asIsText")}
      </p>
    </div>
  );
}
