/** One event stream for all tabs of this origin.
 *
 * A browser opens six connections to an HTTP/1.1 server: a stream for each tab would freeze the
 * seventh. Web Locks choose the tab that listens, a BroadcastChannel tells the others. Plain-http
 * origins on a network have no locks: there only a visible tab listens. */

import { ROOT } from "@/api/client";

export const TYPES = [
  "memory.created",
  "memory.updated",
  "memory.state",
  "memory.deleted",
  "call.read",
  "call.write",
  "call.denied",
  "app.seen",
  "access.changed",
  "index.status",
  "reset",
] as const;
export type LiveType = (typeof TYPES)[number];
export interface LiveEvent {
  type: LiveType;
  data: Record<string, unknown>;
}
export type LiveStatus =
  | { kind: "live" | "reconnecting" | "paused" }
  | { kind: "offline"; since: number };

type Told = { event: LiveEvent } | { status: LiveStatus } | { ask: true };
const CHANNEL = "openmemory.live";
const GIVE_UP_MS = 10_000;

export function listen(
  onEvent: (event: LiveEvent) => void,
  onStatus: (status: LiveStatus) => void,
): () => void {
  const channel = new BroadcastChannel(CHANNEL + ROOT);
  const stop = new AbortController();
  let source: EventSource | undefined;
  let status: LiveStatus = { kind: "reconnecting" };
  let failedAt: number | undefined;

  const say = (next: LiveStatus) => {
    if (stop.signal.aborted) return;
    status = next;
    onStatus(next);
    channel.postMessage({ status: next } satisfies Told);
  };
  const opened = () => {
    failedAt = undefined;
    say({ kind: "live" });
  };
  const failed = () => {
    failedAt ??= Date.now();
    const lost = Date.now() - failedAt > GIVE_UP_MS;
    say(lost ? { kind: "offline", since: failedAt } : { kind: "reconnecting" });
    // A refused stream is not tried again by the browser itself.
    if (source?.readyState === EventSource.CLOSED) setTimeout(reopen, 2000);
  };
  const reopen = () => {
    if (source?.readyState === EventSource.CLOSED && !stop.signal.aborted) open();
  };
  const open = () => {
    source = new EventSource(`${ROOT}/api/v1/ui/events`);
    source.onopen = opened;
    source.onerror = failed;
    for (const type of TYPES) {
      source.addEventListener(type, (message: MessageEvent<string>) => {
        const event = { type, data: JSON.parse(message.data) };
        onEvent(event);
        channel.postMessage({ event } satisfies Told);
      });
    }
  };
  const close = () => {
    source?.close();
    source = undefined;
  };

  channel.onmessage = ({ data }: MessageEvent<Told>) => {
    if ("event" in data) onEvent(data.event);
    else if ("status" in data) onStatus(data.status);
    else if (source) channel.postMessage({ status } satisfies Told);
  };
  channel.postMessage({ ask: true } satisfies Told);

  if (navigator.locks) holdLock(stop.signal, open);
  else whileVisible(stop.signal, open, close, say);

  return () => {
    stop.abort();
    close();
    channel.close();
  };
}

function holdLock(signal: AbortSignal, lead: () => void): void {
  const held = () =>
    new Promise<void>((release) => {
      // Granted although it was taken back meanwhile: nobody would ever release it.
      if (signal.aborted) return release();
      lead();
      signal.addEventListener("abort", () => release());
    });
  navigator.locks.request(CHANNEL + ROOT, { signal }, held).catch(() => {
    // Aborted while it waited: another tab leads.
  });
}

function whileVisible(
  signal: AbortSignal,
  open: () => void,
  close: () => void,
  say: (status: LiveStatus) => void,
): void {
  const look = () => {
    close();
    if (document.visibilityState === "visible") open();
    else say({ kind: "paused" });
  };
  document.addEventListener("visibilitychange", look, { signal });
  look();
}
