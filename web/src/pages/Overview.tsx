import { useMemo } from "preact/hooks";
import { type Sample, useLive } from "../live";
import { bytes, count, ms, number, percent } from "../format";
import { Chart, type Mark } from "../parts/Chart";
import { Panel, Tile } from "../parts/Panel";

const column = (samples: readonly Sample[], pick: (sample: Sample) => number | null | undefined) => samples.map((sample) => pick(sample) ?? null);

export default function Overview() {
  const { samples } = useLive();
  const drawn = useMemo(() => {
    const times = samples.map((sample) => sample.t / 1000);
    const marks: Mark[] = samples.flatMap((sample) => (sample.marks ?? []).map((text) => ({ at: sample.t / 1000, text })));
    return {
      times,
      marks,
      rate: [
        { name: "requests", colour: "a", values: column(samples, (s) => s.rps), fill: true },
        { name: "errors", colour: "bad", values: column(samples, (s) => s.eps) },
      ],
      latency: [
        { name: "p50", colour: "a", values: column(samples, (s) => s.p50) },
        { name: "p95", colour: "b", values: column(samples, (s) => s.p95) },
        { name: "p99", colour: "c", values: column(samples, (s) => s.p99) },
      ],
      load: [
        { name: "processor", colour: "a", values: column(samples, (s) => s.cpu), fill: true },
        { name: "pool", colour: "b", values: column(samples, (s) => s.pool) },
        { name: "GC pauses", colour: "c", values: column(samples, (s) => s.gc) },
      ],
      flow: [
        { name: "in flight", colour: "a", values: column(samples, (s) => s.flight), fill: true },
        { name: "queued work", colour: "b", values: column(samples, (s) => s.queue) },
      ],
    };
  }, [samples]);
  const now = samples.at(-1);
  const recent = samples.slice(-60);
  const errors = recent.reduce((sum, s) => sum + s.eps, 0);
  const worst = Math.max(0, ...recent.map((s) => s.p95 ?? 0));
  return (
    <>
      <div class="tiles">
        <Tile label="Requests per second" value={number(now?.rps)} note={`most in a minute ${number(Math.max(0, ...recent.map((s) => s.rps)))}`} />
        <Tile label="p95 now" value={ms(now?.p95)} note={`worst in a minute ${ms(worst)}`} />
        <Tile label="Errors per second" value={number(now?.eps)} note={`${count(errors)} in a minute`} tone={errors > 0 ? "bad" : undefined} />
        <Tile label="Cache hits" value={percent(now?.hit)} note={now?.hit == null ? "no reads this second" : "of this second's reads"} />
        <Tile label="Processor" value={percent(now?.cpu)} note={`${number(now?.flight)} in flight`} tone={now && now.cpu > 80 ? "bad" : undefined} />
        <Tile label="Memory" value={bytes(now && now.mem * 1048576)} note={`GC pauses ${percent(now?.gc)}`} />
      </div>
      <div class="grid">
        <Panel title="Requests and errors per second">
          <Chart label="Requests and errors per second" times={drawn.times} lines={drawn.rate} marks={drawn.marks} />
        </Panel>
        <Panel title="Latency">
          <Chart label="Latency in milliseconds" times={drawn.times} lines={drawn.latency} marks={drawn.marks} unit=" ms" />
        </Panel>
        <Panel title="Saturation">
          <Chart label="Saturation in percent" times={drawn.times} lines={drawn.load} marks={drawn.marks} unit=" %" />
        </Panel>
        <Panel title="In flight">
          <Chart label="Requests in flight and queued work" times={drawn.times} lines={drawn.flow} marks={drawn.marks} />
        </Panel>
      </div>
    </>
  );
}
