import { expect, test } from "vitest";
import { doubtsOf } from "@/pages/connect/reach";

test("an address of this machine is for programs of this machine", () => {
  for (const host of ["localhost:8765", "127.0.0.1:8765", "[::1]:8765"]) {
    expect(doubtsOf(`http://${host}/mcp`, `http://${host}/connect`)).toEqual(["local"]);
  }
});

test("a page from elsewhere with an address of this machine leads nowhere", () => {
  expect(doubtsOf("http://localhost:8765/mcp", "https://memory.example/connect")).toEqual([
    "elsewhere",
  ]);
  expect(doubtsOf("http://127.0.0.1:8765/mcp", "http://nas.local:8765/connect")).toEqual([
    "elsewhere",
  ]);
});

test("what goes over a network in plain sight is said", () => {
  expect(doubtsOf("http://nas.local:8765/mcp", "http://nas.local:8765/connect")).toEqual(["plain"]);
  expect(doubtsOf("https://memory.example/mcp", "https://memory.example/connect")).toEqual([]);
  expect(doubtsOf("http://127.evil.example/mcp", "http://127.evil.example/")).toEqual(["plain"]);
});
