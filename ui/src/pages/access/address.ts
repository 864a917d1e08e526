/** What the Access page keeps in its address. */

import type { By } from "@/api/queries/access";
import type { Verb } from "@/components/rules";
import { useAddress } from "@/shell/search";

const DEFAULTS = {
  view: "matrix" as "matrix" | "simulate",
  by: "category" as By,
  /** Open in the editor: an app, and one of its groups. */
  app: "",
  column: "",
  preview: false,
  /** The simulator's question. */
  as: "",
  verb: "read" as Verb,
  memory: "",
  query: "",
};

export type Address = typeof DEFAULTS;

export function useAccessAddress() {
  return useAddress<Address & Record<string, string | boolean>>(DEFAULTS);
}
