import { t } from "@/i18n/t";

/** What most often keeps a program from its first call. */
export function Checklist({ url, keyed }: { url: string; keyed: boolean }) {
  return (
    <div className="rounded-lg bg-warn-soft p-3">
      <p className="font-semibold text-warn">{t("connect.late.title")}</p>
      <ul className="ms-5 list-disc">
        <li>{t("connect.late.restart")}</li>
        <li>{t("connect.late.file")}</li>
        {keyed && <li>{t("connect.late.key")}</li>}
        <li className="wrap-anywhere">{t("connect.late.reach", { url })}</li>
        <li>{t("connect.late.test")}</li>
      </ul>
    </div>
  );
}
