import { expect, test } from "vitest";
import { orderOf, sortedBy } from "@/pages/apps/order";

test("an address says the order, and nonsense the usual one", () => {
  expect(orderOf("name")).toEqual({ by: "name", direction: "asc" });
  expect(orderOf("-memories")).toEqual({ by: "memories", direction: "desc" });
  for (const nonsense of ["", "-", "--name", "colour", null, 7]) {
    expect(orderOf(nonsense)).toEqual({ by: "last_seen", direction: "desc" });
  }
});

test("a column sorts its own way first, then the other way round", () => {
  const byName = sortedBy(orderOf("-last_seen"), "name");
  expect(byName).toBe("name");
  expect(sortedBy(orderOf(byName), "name")).toBe("-name");
  expect(sortedBy(orderOf("-name"), "name")).toBe("name");
  expect(sortedBy(orderOf("name"), "memories")).toBe("-memories");
  expect(sortedBy(orderOf("-memories"), "memories")).toBe("memories");
});
