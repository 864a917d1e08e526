import { Link } from "@tanstack/react-router";
import { t } from "@/i18n/t";
import { PLACES } from "@/shell/places";

/** The pages, along the left edge; pictures only where there is little room. */
export function Rail() {
  return (
    <nav
      aria-label={t("shell.navigation")}
      className="row-span-2 hidden flex-col gap-0.5 overflow-y-auto border-e border-line bg-rail px-2 py-3 md:flex"
    >
      <Link to="/" className="mb-3 flex min-h-9 items-center gap-2 rounded-lg px-2.5 font-semibold">
        <img src={new URL("favicon.svg", document.baseURI).pathname} alt="" className="size-5" />
        <span className="max-lg:sr-only">{t("common.product")}</span>
      </Link>
      {PLACES.map(({ to, title, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          title={title}
          activeOptions={{ exact: to === "/", includeSearch: false }}
          className="flex min-h-9 items-center gap-2.5 rounded-lg px-2.5 text-soft hover:bg-surface/60 hover:text-ink aria-[current=page]:bg-surface aria-[current=page]:font-semibold aria-[current=page]:text-accent"
        >
          <Icon aria-hidden className="size-4.5 shrink-0" />
          <span className="max-lg:sr-only">{title}</span>
        </Link>
      ))}
    </nav>
  );
}
