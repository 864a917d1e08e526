/** What a page keeps in its address: filters, sort, what is open. */

import { useLocation, useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";

type Value = string | number | boolean | string[] | undefined;

/** The address's parameters with defaults, and a way to change some of them; a default is left out. */
export function useAddress<T extends Record<string, Value>>(defaults: T) {
  const given = useLocation().search as Partial<T>;
  const navigate = useNavigate();
  const change = useCallback(
    (next: Partial<T>, { replace = true } = {}) =>
      void navigate({
        to: ".",
        search: ((old: Record<string, Value>) => trimmed({ ...old, ...next }, defaults)) as never,
        replace,
        resetScroll: false,
      }),
    [navigate, defaults],
  );
  return [{ ...defaults, ...given } as T, change] as const;
}

function trimmed(all: Record<string, Value>, defaults: Record<string, Value>) {
  const differs = ([name, value]: [string, Value]) =>
    value !== undefined && JSON.stringify(value) !== JSON.stringify(defaults[name]);
  return Object.fromEntries(Object.entries(all).filter(differs));
}
