/** The English words, a file for each page. */

import { access } from "@/i18n/en/access";
import { activity } from "@/i18n/en/activity";
import { apps } from "@/i18n/en/apps";
import { charts } from "@/i18n/en/charts";
import { common } from "@/i18n/en/common";
import { connect } from "@/i18n/en/connect";
import { memories } from "@/i18n/en/memories";
import { memory } from "@/i18n/en/memory";
import { overview } from "@/i18n/en/overview";
import { search } from "@/i18n/en/search";
import { settings } from "@/i18n/en/settings";
import { shell } from "@/i18n/en/shell";

export const en = {
  access,
  activity,
  apps,
  charts,
  common,
  connect,
  memories,
  memory,
  overview,
  search,
  settings,
  shell,
} as const;
