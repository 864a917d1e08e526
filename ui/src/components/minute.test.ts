import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { everyMinute } from "@/components/minute";

let hidden = false;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function show(next: boolean): void {
  hidden = !next;
  document.dispatchEvent(new Event("visibilitychange"));
}

test("all times of a page share one interval, which ends with the last of them", () => {
  const [one, other] = [vi.fn(), vi.fn()];
  const stops = [everyMinute(one), everyMinute(other)];
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(60_000);
  expect([one, other].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  for (const stop of stops) stop();
  expect(vi.getTimerCount()).toBe(0);
});

test("what nobody looks at does not tick, and is right when they come back", () => {
  const told = vi.fn();
  const stop = everyMinute(told);
  show(false);
  vi.advanceTimersByTime(600_000);
  expect(told).not.toHaveBeenCalled();
  show(true);
  expect(told).toHaveBeenCalledTimes(1);
  stop();
});
