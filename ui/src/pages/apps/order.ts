/** How the list of the apps is sorted, as the address says it: "name", "-last_seen". */

const BYS = ["name", "last_seen", "memories"] as const;

export interface Order {
  by: (typeof BYS)[number];
  direction: "asc" | "desc";
}

/** Whatever an address says is checked. */
export function orderOf(said: unknown): Order {
  const [, minus, by] = /^(-?)(\w+)$/.exec(String(said)) ?? [];
  const known = BYS.find((each) => each === by);
  return known
    ? { by: known, direction: minus ? "desc" : "asc" }
    : { by: "last_seen", direction: "desc" };
}

/** Sorted by a column: the other way round if it is already. Names begin with A, numbers with the most. */
export function sortedBy(order: Order, by: Order["by"]): string {
  const first = by === "name" ? "" : "-";
  const other = first ? "" : "-";
  const same = order.by === by && (order.direction === "desc") === (first === "-");
  return (same ? other : first) + by;
}
