import { expect, test, vi } from "vitest";
import { copyText } from "@/components/CopyButton";

test("without the clipboard interface the page copies by itself and gives the focus back", async () => {
  const button = document.body.appendChild(document.createElement("button"));
  button.focus();
  let taken = "";
  document.execCommand = vi.fn(() => {
    taken = document.querySelector("textarea")?.value ?? "";
    return true;
  });
  await copyText("openmemory serve");
  expect(taken).toBe("openmemory serve");
  expect(document.activeElement).toBe(button);
  expect(document.querySelector("textarea")).toBeNull();
});

test("a browser that does not copy is not taken for one that did", async () => {
  document.execCommand = vi.fn(() => false);
  await expect(copyText("text")).rejects.toThrow();
});
