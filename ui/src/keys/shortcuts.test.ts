import { expect, test } from "vitest";
import { nameOf } from "@/keys/shortcuts";

const pressed = (key: string, more: KeyboardEventInit = {}) =>
  nameOf(new KeyboardEvent("keydown", { key, ...more }));

test("a key is named by what it writes, with what is held", () => {
  expect(pressed("j")).toBe("j");
  expect(pressed("?", { shiftKey: true })).toBe("?");
  expect(pressed("ArrowDown", { shiftKey: true })).toBe("Shift+ArrowDown");
  expect(pressed("K", { ctrlKey: true })).toBe("Ctrl+k");
  expect(pressed("k", { metaKey: true })).toBe("Ctrl+k");
});

test("a digit with Alt is the digit, whatever the layout writes", () => {
  expect(pressed("¡", { altKey: true, code: "Digit1" })).toBe("Alt+1");
});
