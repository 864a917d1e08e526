/** Every address of the dashboard. Pages load when they are first shown. */

import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from "@tanstack/react-router";
import { ROOT } from "@/api/client";
import { Shell } from "@/shell/Shell";
import { NotFound, PageFailed } from "@/shell/Trouble";

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: PageFailed,
});

function page<Path extends string>(
  path: Path,
  load: () => Promise<{ default: () => React.ReactNode }>,
) {
  return createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load) });
}

// One page for both: the list stays as it is while one of its memories is open.
const memories = page("/memories", () => import("@/pages/memories/Memories"));
const memory = createRoute({ getParentRoute: () => memories, path: "$id" });

const tree = root.addChildren([
  page("/", () => import("@/pages/overview/Overview")),
  memories.addChildren([memory]),
  page("/search", () => import("@/pages/search/Search")),
  page("/apps", () => import("@/pages/apps/Apps")),
  page("/apps/$app", () => import("@/pages/apps/App")),
  page("/access", () => import("@/pages/access/Access")),
  page("/activity", () => import("@/pages/activity/Activity")),
  page("/connect", () => import("@/pages/connect/Connect")),
  page("/settings", () => import("@/pages/settings/Settings")),
]);

export const router = createRouter({
  routeTree: tree,
  basepath: ROOT || "/",
  scrollRestoration: true,
  defaultPreload: "intent",
  // Inside of the shell, so that one can go elsewhere.
  defaultErrorComponent: PageFailed,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
