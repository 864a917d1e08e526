import { useQuery } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { lazy, type MouseEvent, Suspense } from "react";
import { isProblem } from "@/api/client";
import { meQuery } from "@/api/queries/me";
import { Late, Lines } from "@/components/Answer";
import { ProblemCard } from "@/components/ProblemCard";
import { t } from "@/i18n/t";
import { LiveProvider } from "@/live/LiveProvider";
import { BottomBar } from "@/shell/BottomBar";
import { Rail } from "@/shell/Rail";
import { ShellKeys } from "@/shell/ShellKeys";
import { TopBar } from "@/shell/TopBar";

const SignIn = lazy(() => import("@/shell/SignIn"));
const AppHues = lazy(() => import("@/shell/AppHues"));

/** By hand: a link to a fragment starts from the base of the dashboard, not from this page. */
function skip(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

/** Around every page: where one is, what is going on, and who one is. */
export function Shell() {
  const me = useQuery(meQuery);
  if (isProblem(me.error, 401)) {
    return (
      <Suspense>
        <SignIn />
      </Suspense>
    );
  }
  return (
    <LiveProvider>
      {/* biome-ignore lint/a11y/useValidAnchor: it leads somewhere, see skip() */}
      <a
        href="#content"
        onClick={skip}
        className="sr-only focus:not-sr-only focus:fixed focus:start-2 focus:top-2 focus:z-50 focus:rounded-lg focus:bg-accent focus:px-3 focus:py-2 focus:text-accent-ink"
      >
        {t("shell.skip")}
      </a>
      <div className="grid h-dvh grid-rows-[auto_1fr_auto] md:grid-cols-[3.5rem_1fr] md:grid-rows-[auto_1fr] lg:grid-cols-[13rem_1fr]">
        <Rail />
        <TopBar />
        <main id="content" tabIndex={-1} className="min-h-0 min-w-0 overflow-y-auto outline-none">
          {me.data ? (
            <Outlet />
          ) : (
            <div className="p-6">
              <h1 className="sr-only">{t("common.product")}</h1>
              {me.error ? (
                <ProblemCard error={me.error} onRetry={() => void me.refetch()} />
              ) : (
                <Late>
                  <Lines />
                </Late>
              )}
            </div>
          )}
        </main>
        <BottomBar />
      </div>
      <ShellKeys />
      {me.data && (
        <Suspense>
          <AppHues />
        </Suspense>
      )}
    </LiveProvider>
  );
}
