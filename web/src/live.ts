import { useEffect, useState } from "preact/hooks";
import { authorised } from "./api";

/** One second of the service; docs/dashboard.md explains the fields. */
export interface Sample {
  id: number;
  t: number;
  rps: number;
  eps: number;
  p50?: number;
  p95?: number;
  p99?: number;
  cpu: number;
  mem: number;
  gc: number;
  flight: number;
  queue: number;
  pool?: number;
  hit?: number;
  marks?: string[];
}

export type LiveState = "connecting" | "live" | "lost" | "denied";

const KEPT = 600;
let samples: readonly Sample[] = [];
let state: LiveState = "connecting";
let running: AbortController | undefined;
const watchers = new Set<() => void>();

function publish(next: LiveState, added?: Sample[]) {
  state = next;
  if (added?.length) {
    const last = samples.at(-1)?.id ?? 0;
    // Ids start again when the service does.
    const base = added[0]!.id <= last ? [] : samples;
    samples = [...base, ...added].slice(-KEPT);
  }
  watchers.forEach((watcher) => watcher());
}

/** Follows the stream; after a break it asks for what came after the last id, waiting longer after each failure. */
export async function start() {
  running?.abort();
  const control = (running = new AbortController());
  let wait = 500;
  while (!control.signal.aborted) {
    try {
      const last = samples.at(-1)?.id;
      const answer = await fetch("live", authorised({ signal: control.signal, headers: last ? { "Last-Event-ID": String(last) } : {} }));
      if (answer.status === 401) return publish("denied");
      if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}`);
      wait = 500;
      await read(answer.body);
    } catch {
      if (control.signal.aborted) return;
    }
    publish("lost");
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, 8000);
  }
}

export function stop() {
  running?.abort();
  samples = [];
  publish("connecting");
}

async function read(body: ReadableStream<Uint8Array>) {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop()!;
    for (const event of events) handle(event);
  }
}

function handle(event: string) {
  const field = (name: string) => event.split("\n").find((line) => line.startsWith(name + ": "))?.slice(name.length + 2);
  const data = field("data");
  if (!data) return;
  if (field("event") === "history") publish("live", JSON.parse(data).samples);
  else publish("live", [JSON.parse(data)]);
}

export function useLive(): { samples: readonly Sample[]; state: LiveState } {
  const [, update] = useState(0);
  useEffect(() => {
    const watcher = () => update((n) => n + 1);
    watchers.add(watcher);
    return () => void watchers.delete(watcher);
  }, []);
  return { samples, state };
}
