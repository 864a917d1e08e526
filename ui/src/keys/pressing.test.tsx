import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test } from "vitest";
import { useShortcuts } from "@/keys/shortcuts";
import { prefer } from "@/preferences";

let pressed: string[] = [];

function Page() {
  const add = (keys: string) => ({ keys, label: keys, run: () => pressed.push(keys) });
  useShortcuts("page", [add("p"), add("Ctrl+k"), add("g+m"), add("Alt+1")]);
  return (
    <>
      <input aria-label="text" />
      <div role="menu">
        <button type="button">inside</button>
      </div>
    </>
  );
}

beforeEach(() => {
  pressed = [];
  prefer({ shortcuts: true });
  render(<Page />);
});
afterEach(cleanup);

test("letters, letters after g, and keys that are held do what they are for", async () => {
  await userEvent.keyboard("p{Control>}k{/Control}gm");
  expect(pressed).toEqual(["p", "Ctrl+k", "g+m"]);
});

test("letters that are off do nothing; what is held still works", async () => {
  prefer({ shortcuts: false });
  await userEvent.keyboard("pgm{Control>}k{/Control}");
  expect(pressed).toEqual(["Ctrl+k"]);
});

test("in a box letters are text, and in a menu they are the menu's", async () => {
  await userEvent.type(screen.getByLabelText("text"), "p");
  screen.getByText("inside").focus();
  await userEvent.keyboard("p");
  expect(pressed).toEqual([]);
});
