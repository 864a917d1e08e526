import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { spoken, summedUp } from "@/live/announcing";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("what comes close together is told as one sum, and a stream is told while it lasts", () => {
  const told: number[] = [];
  const news = summedUp(5_000, (n) => told.push(n));
  for (let second = 0; second < 12; second += 1) {
    news.add(1);
    vi.advanceTimersByTime(1_000);
  }
  expect(told).toEqual([5, 5]);
  vi.advanceTimersByTime(5_000);
  expect(told).toEqual([5, 5, 2]);
});

test("nothing is told after the end", () => {
  const tell = vi.fn();
  const news = summedUp(5_000, tell);
  news.add(3);
  news.stop();
  vi.advanceTimersByTime(10_000);
  expect(tell).not.toHaveBeenCalled();
});

test("the same words follow each other as two texts, as often as they come", () => {
  let said = "";
  const texts = [1, 2, 3].map(() => {
    said = spoken("1 new memory", said);
    return said;
  });
  expect(new Set(texts.map((text) => text.trim())).size).toBe(1);
  expect(texts[1]).not.toBe(texts[0]);
  expect(texts[2]).not.toBe(texts[1]);
});
