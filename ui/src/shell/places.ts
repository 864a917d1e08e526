import {
  Activity,
  AppWindow,
  Brain,
  House,
  KeyRound,
  type LucideIcon,
  Plug,
  Search,
  Settings,
} from "lucide-react";
import { t } from "@/i18n/t";

export interface Place {
  to: string;
  title: string;
  icon: LucideIcon;
  /** After `g`. */
  letter: string;
}

export const PLACES: readonly Place[] = [
  { to: "/", title: t("overview.title"), icon: House, letter: "o" },
  { to: "/memories", title: t("memories.title"), icon: Brain, letter: "m" },
  { to: "/search", title: t("search.title"), icon: Search, letter: "s" },
  { to: "/apps", title: t("apps.title"), icon: AppWindow, letter: "p" },
  { to: "/access", title: t("access.title"), icon: KeyRound, letter: "x" },
  { to: "/activity", title: t("activity.title"), icon: Activity, letter: "a" },
  { to: "/connect", title: t("connect.title"), icon: Plug, letter: "c" },
  { to: "/settings", title: t("settings.title"), icon: Settings, letter: "," },
];

/** In the bar of a phone; the rest is behind "More". */
export const FIRST_PLACES: readonly Place[] = PLACES.filter(({ to }) =>
  ["/", "/memories", "/search", "/activity"].includes(to),
);
