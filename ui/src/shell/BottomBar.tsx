import { Link, useNavigate } from "@tanstack/react-router";
import { Ellipsis } from "lucide-react";
import { Menu } from "@/components/Menu";
import { t } from "@/i18n/t";
import { FIRST_PLACES, PLACES } from "@/shell/places";

const CELL =
  "flex min-h-14 flex-1 flex-col items-center justify-center gap-0.5 text-2xs text-soft aria-[current=page]:font-semibold aria-[current=page]:text-accent";

/** The pages on a phone: four at the thumb, the rest behind the fifth. */
export function BottomBar() {
  const navigate = useNavigate();
  const rest = PLACES.filter((place) => !FIRST_PLACES.includes(place));
  return (
    <nav
      aria-label={t("shell.navigation")}
      className="flex border-t border-line bg-rail pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      {FIRST_PLACES.map(({ to, title, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact: to === "/", includeSearch: false }}
          className={CELL}
        >
          <Icon aria-hidden className="size-5" />
          {title}
        </Link>
      ))}
      <Menu
        items={rest.map(({ to, title, icon }) => ({
          label: title,
          icon,
          onSelect: () => void navigate({ to }),
        }))}
      >
        <button type="button" className={CELL}>
          <Ellipsis aria-hidden className="size-5" />
          {t("shell.more")}
        </button>
      </Menu>
    </nav>
  );
}
