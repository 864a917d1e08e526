import { expect, test } from "vitest";
import { ago, duration } from "@/i18n/time";

const NOW = Date.parse("2026-03-10T12:00:00Z");

test("a moment is told in the largest unit that has passed", () => {
  expect(ago("2026-03-10T11:59:30Z", NOW)).toBe("now");
  expect(ago("2026-03-10T11:57:01Z", NOW)).toContain("2");
  expect(ago("2026-03-09T11:00:00Z", NOW)).toBe("yesterday");
});

test("short times are told in milliseconds, long ones in seconds", () => {
  expect(duration(0.26)).toBe("0.3 ms");
  expect(duration(42.4)).toBe("42 ms");
  expect(duration(1250)).toBe("1.3 s");
});
