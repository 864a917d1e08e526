import type { ConnectClient } from "@/api/queries/connect";
import { t } from "@/i18n/t";

interface Props {
  clients: ConnectClient[];
  chosen: string;
  onChoose: (id: string) => void;
}

/** Which program: one stop for the keyboard, arrows within. */
export function Programs({ clients, chosen, onChoose }: Props) {
  return (
    <fieldset className="min-w-0">
      <legend className="mb-2 px-1 text-xs font-semibold text-soft">{t("connect.pick")}</legend>
      <div className="flex flex-wrap gap-1.5 lg:grid lg:gap-0.5">
        {clients.map(({ id, name }) => (
          <label
            key={id}
            className="relative flex min-h-9 items-center rounded-lg border border-edge/60 bg-surface px-3 text-sm text-soft hover:bg-sunken has-checked:border-accent has-checked:bg-accent-soft has-checked:font-semibold has-checked:text-accent max-md:min-h-11 lg:border-transparent lg:bg-transparent"
          >
            <input
              type="radio"
              name="program"
              className="absolute inset-0 cursor-pointer appearance-none rounded-lg"
              checked={id === chosen}
              onChange={() => onChoose(id)}
            />
            {name}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
