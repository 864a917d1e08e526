import type { Matrix, RulesOut } from "@/api/queries/access";
import type { Verb } from "@/components/rules";
import { t } from "@/i18n/t";
import { useShortcuts } from "@/keys/shortcuts";
import { useAccessAddress } from "@/pages/access/address";
import type { Column } from "@/pages/access/cells";
import { draftRow, useDraft } from "@/pages/access/draft";
import { type Effect, effectiveRow, withEffect } from "@/pages/access/rows";
import type { useGrid } from "@/pages/access/useGrid";

interface Props {
  grid: ReturnType<typeof useGrid>;
  matrix: Matrix;
  columns: Column[];
  rules: RulesOut;
}

const KEYS: [string, Verb, Effect][] = [
  ["a", "read", "allow"],
  ["d", "read", "deny"],
  ["i", "read", "inherit"],
  ["A", "write", "allow"],
  ["D", "write", "deny"],
  ["I", "write", "inherit"],
];

/** Letters that draft a rule about the cell that has the focus, and `p` for what it would change. */
export function useCellKeys({ grid, matrix, columns, rules }: Props): void {
  const draft = useDraft();
  const [{ preview }, change] = useAccessAddress();
  const put = (verb: Verb, effect: Effect) => {
    const at = grid.focused();
    const app = at && matrix.apps[at.row]?.app;
    const subject = at && columns[at.column - 1]?.subject;
    if (!app || !subject) return;
    draftRow(rules, app, withEffect(effectiveRow(rules, draft, app), verb, subject, effect));
  };
  useShortcuts("page", [
    ...KEYS.map(([keys, verb, effect]) => ({
      keys,
      label: t(`access.key.${verb}.${effect}`),
      run: () => put(verb, effect),
    })),
    { keys: "p", label: t("access.preview"), run: () => change({ preview: !preview }) },
  ]);
}
