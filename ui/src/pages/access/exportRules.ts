import type { RulesOut } from "@/api/queries/access";

/** Saves the rules as a file. Its `apps` can be sent back as a draft's `changes`. */
export function exportRules(rules: RulesOut): void {
  const file = new Blob([`${JSON.stringify(rules, null, 2)}\n`], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `openmemory-rules-${rules.version}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
