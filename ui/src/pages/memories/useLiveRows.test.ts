import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { type ListWindow, putIntoLists, windowQuery } from "@/api/queries/memories";
import { tooLong } from "@/pages/memories/operations";
import { shownMark } from "@/pages/memories/useLiveRows";

const WISH = { filter: {}, sort: "-created" } as const;
const item = (id: string, text: string) => ({ id, text }) as ListWindow["items"][number];
const windowOf = (...items: ListWindow["items"]) =>
  ({ wish: WISH, total: items.length, offset: 0, items }) as ListWindow;

test("a deleted row stays marked until it is read again, a flash is over soon", () => {
  const now = Date.now();
  expect(shownMark({ kind: "gone", at: now - 60_000 }, now - 90_000)).toBe("gone");
  expect(shownMark({ kind: "gone", at: now - 60_000 }, now)).toBeUndefined();
  expect(shownMark({ kind: "flash", at: now }, now)).toBe("flash");
  expect(shownMark({ kind: "flash", at: now - 60_000 }, now)).toBeUndefined();
});

test("a row that is put in makes the others no younger", () => {
  const client = new QueryClient();
  const { queryKey } = windowQuery(WISH, 0);
  client.setQueryData(queryKey, windowOf(item("a", "old"), item("b", "b")), { updatedAt: 7 });
  putIntoLists(client, item("a", "new"));
  expect(client.getQueryData(queryKey)?.items.map(({ text }) => text)).toEqual(["new", "b"]);
  expect(client.getQueryState(queryKey)?.dataUpdatedAt).toBe(7);
});

test("a list that is to be loaded anew does not pass for fresh", async () => {
  const client = new QueryClient();
  const { queryKey } = windowQuery(WISH, 0);
  client.setQueryData(queryKey, windowOf(item("a", "old")));
  await client.invalidateQueries({ queryKey, refetchType: "none" });
  putIntoLists(client, item("a", "new"));
  expect(client.getQueryState(queryKey)?.isInvalidated).toBe(true);
});

test("a text is measured in whole characters", () => {
  expect(tooLong("\u{1F680}".repeat(20_000))).toBeNull();
  expect(tooLong("x".repeat(20_001))).toContain("20,001");
});
