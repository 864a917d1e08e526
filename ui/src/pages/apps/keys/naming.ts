import type { KeyView } from "@/api/queries/keys";

/** What a person knows a key by: its label, and the last of its characters. */
export const nameOfKey = ({ label, hint }: Pick<KeyView, "label" | "hint">): string =>
  label ? `${label} …${hint}` : `…${hint}`;
