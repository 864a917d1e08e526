import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type LiveEvent, type LiveStatus, listen } from "@/live/stream";

class Source extends EventTarget {
  static readonly CLOSED = 2;
  static made: Source[] = [];
  readyState = 0;
  onopen = () => {};
  onerror = () => {};
  constructor(readonly url: string) {
    super();
    Source.made.push(this);
  }
  close() {
    this.readyState = Source.CLOSED;
  }
  tell(type: string, data: object) {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data) }));
  }
}

/** Tabs of one browser: what one says, all others hear. */
class Channel {
  static all = new Set<Channel>();
  onmessage: ((message: { data: unknown }) => void) | null = null;
  constructor() {
    Channel.all.add(this);
  }
  postMessage(data: unknown) {
    for (const other of Channel.all) if (other !== this) other.onmessage?.({ data });
  }
  close() {
    Channel.all.delete(this);
  }
}

/** One tab has the lock; the next one gets it when that one goes. */
function locks() {
  const waiting: (() => Promise<void>)[] = [];
  let busy = false;
  const next = async () => {
    const held = busy ? undefined : waiting.shift();
    if (!held) return;
    busy = true;
    await held();
    busy = false;
    void next();
  };
  return {
    request: (_name: string, _options: object, held: () => Promise<void>) => {
      waiting.push(held);
      void next();
      return Promise.resolve();
    },
  };
}

function tab() {
  const events: LiveEvent[] = [];
  const states: LiveStatus[] = [];
  const stop = listen(
    (event) => events.push(event),
    (status) => states.push(status),
  );
  return { events, states, stop };
}

beforeEach(() => {
  Source.made = [];
  Channel.all.clear();
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", Source);
  vi.stubGlobal("BroadcastChannel", Channel);
});
afterEach(() => {
  vi.unstubAllGlobals();
  Reflect.deleteProperty(navigator, "locks");
  vi.useRealTimers();
});
const withLocks = () =>
  Object.defineProperty(navigator, "locks", { value: locks(), configurable: true });

test("one tab listens, the others hear it from there, and one of them takes over", async () => {
  withLocks();
  const [first, second] = [tab(), tab()];
  expect(Source.made).toHaveLength(1);
  Source.made[0]?.onopen();
  Source.made[0]?.tell("memory.created", { id: "a" });
  for (const { events, states } of [first, second]) {
    expect(events).toEqual([{ type: "memory.created", data: { id: "a" } }]);
    expect(states.at(-1)).toEqual({ kind: "live" });
  }
  first.stop();
  await vi.advanceTimersByTimeAsync(1);
  expect(Source.made).toHaveLength(2);
  Source.made[1]?.tell("reset", {});
  expect(second.events.at(-1)?.type).toBe("reset");
  second.stop();
});

test("a lost stream is said to come back, and after ten seconds since when it is gone", async () => {
  withLocks();
  const { states, stop } = tab();
  const [source] = Source.made;
  source?.onopen();
  source?.onerror();
  expect(states.at(-1)).toEqual({ kind: "reconnecting" });
  const since = Date.now();
  await vi.advanceTimersByTimeAsync(11_000);
  source?.onerror();
  expect(states.at(-1)).toEqual({ kind: "offline", since });
  source?.onopen();
  expect(states.at(-1)).toEqual({ kind: "live" });
  stop();
});

test("a stream that the browser gave up is opened anew", async () => {
  withLocks();
  const { stop } = tab();
  Source.made[0]?.close();
  Source.made[0]?.onerror();
  expect(Source.made).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(Source.made).toHaveLength(2);
  stop();
});

test("without locks only a tab that is seen listens", () => {
  const seen = vi.spyOn(document, "visibilityState", "get").mockReturnValue("visible");
  const { states, stop } = tab();
  expect(Source.made).toHaveLength(1);
  seen.mockReturnValue("hidden");
  document.dispatchEvent(new Event("visibilitychange"));
  expect(Source.made[0]?.readyState).toBe(Source.CLOSED);
  expect(states.at(-1)).toEqual({ kind: "paused" });
  seen.mockReturnValue("visible");
  document.dispatchEvent(new Event("visibilitychange"));
  expect(Source.made).toHaveLength(2);
  stop();
  seen.mockRestore();
});
