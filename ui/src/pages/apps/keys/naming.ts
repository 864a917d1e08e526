import type { KeyView, Scope } from "@/api/queries/keys";

/** What a person knows a key by: its label, and the last of its characters. */
export const nameOfKey = ({ label, hint }: Pick<KeyView, "label" | "hint">): string =>
  label ? `${label} …${hint}` : `…${hint}`;

const SCOPES: Scope[] = ["memory:read", "memory:write", "memory:delete", "admin"];

/** In the order in which one thinks of them. */
export const inOrder = (scopes: readonly Scope[]): Scope[] =>
  SCOPES.filter((scope) => scopes.includes(scope));
