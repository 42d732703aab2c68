import { useState } from "preact/hooks";
import { getJson, sendJson } from "../api";
import { bytes, dateTime, ms, number, percent } from "../format";
import { Curve } from "../parts/Curve";
import { useLoad } from "../parts/hooks";
import { Loading, Panel, Tile } from "../parts/Panel";

interface Models {
  name: string;
  active?: string | null;
  previous?: string | null;
  versions: { version: string; type: string; active: boolean; created_at: string; bytes: number; sha256: string; metrics: Record<string, number> }[];
}

export default function Model() {
  const models = useLoad((signal) => getJson<Models>("../api/v1/models", signal), [], 10_000);
  const [said, setSaid] = useState("");
  const change = async (path: string) => {
    try {
      const answer = await (await sendJson("POST", `../api/v1/models/${path}`)).json();
      setSaid(`${answer.active} serves${answer.changed ? "" : "; nothing changed"}.`);
    } catch (error) {
      setSaid((error as Error).message);
    }
    models.reload();
  };
  return (
    <>
      <p class="said" role="status">{said}</p>
      <Loading of={models} empty="This service has no models.">
        {(data) => (
          <>
            <div class="tiles">
              <Tile label={data.name} value={data.active ?? "none"} note="serves" tone={data.active ? undefined : "bad"} />
              <Tile label="Before it" value={data.previous ?? "–"} note="where a rollback goes" />
              <Tile label="Versions" value={String(data.versions.length)} note="in the registry" />
            </div>
            <div class="actions">
              <button type="button" onClick={() => change("reload")}>Read the registry again</button>
              <button type="button" class="danger" disabled={!data.previous} onClick={() => change("rollback")}>Roll back</button>
            </div>
            <div class="grid">
              <Measured />
              <Anatomy />
            </div>
            <h2 class="apart">Versions</h2>
            <div class="grid">
              {data.versions.map((v) => (
                <Panel title={`${v.version}${v.active ? " (active)" : ""}`} key={v.version}>
                  <table>
                    <tbody>
                      <tr><th scope="row">Type</th><td>{v.type}</td></tr>
                      <tr><th scope="row">Made</th><td>{dateTime(v.created_at)}</td></tr>
                      <tr><th scope="row">Size</th><td>{bytes(v.bytes)}</td></tr>
                      <tr><th scope="row">SHA-256</th><td><code class="clip" title={v.sha256}>{v.sha256.slice(0, 16)}…</code></td></tr>
                      {Object.entries(v.metrics).map(([name, value]) => (
                        <tr key={name}><th scope="row">{name.replaceAll("_", " ")}</th><td>{number(value)}</td></tr>
                      ))}
                    </tbody>
                  </table>
                </Panel>
              ))}
            </div>
          </>
        )}
      </Loading>
    </>
  );
}

interface Measurement {
  version: string;
  rows: number;
  batches: { rows: number; plain_us: number; compiled_us: number }[];
  forms: { leaves: string; bytes: number; same_bits_percent: number; same_label_percent: number; largest_difference: number }[];
}

/** Latency by batch and the agreement of quantised forms: worked out when asked for, because it takes a core for a moment. */
function Measured() {
  const [measured, setMeasured] = useState<Measurement>();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState("");
  const measure = async () => {
    setBusy(true);
    try {
      setMeasured(await (await sendJson("POST", "../api/v1/models/measure")).json());
      setFailed("");
    } catch (error) {
      setFailed((error as Error).message);
    }
    setBusy(false);
  };
  return (
    <Panel title="Latency by batch" side={<button type="button" disabled={busy} onClick={measure}>{measured ? "Measure again" : "Measure"}</button>}>
      {failed && <p class="error" role="alert">{failed}</p>}
      {!measured && <p class="quiet">{busy ? "Measuring …" : "Times the serving model on features of this service's stocks, half a second on one core."}</p>}
      {measured && (
        <>
          <Curve
            steps={measured.batches.map((b) => String(b.rows))}
            log
            lines={[
              { name: "plain", colour: "b", values: measured.batches.map((b) => b.plain_us / b.rows) },
              { name: "compiled", colour: "a", values: measured.batches.map((b) => b.compiled_us / b.rows) },
            ]}
            text={(value) => `${+value.toPrecision(2)} µs`}
          />
          <p class="quiet"><span class="key b">plain</span> <span class="key a">compiled</span>: microseconds per row by rows in a batch</p>
          <table>
            <thead><tr><th scope="col">Rows</th><th scope="col">Plain</th><th scope="col">Compiled</th><th scope="col">Times faster</th></tr></thead>
            <tbody>
              {measured.batches.map((b) => (
                <tr key={b.rows}><td>{b.rows}</td><td>{number(b.plain_us)} µs</td><td>{number(b.compiled_us)} µs</td><td>{number(b.plain_us / Math.max(b.compiled_us, 1e-9))}</td></tr>
              ))}
            </tbody>
          </table>
          <h3>Agreement of forms with smaller leaves</h3>
          <div class="across" tabIndex={0} role="group" aria-label="Agreement of forms with smaller leaves">
            <table>
              <thead><tr><th scope="col">Leaves</th><th scope="col">Size</th><th scope="col">Same bits</th><th scope="col">Same label</th><th scope="col">Largest difference</th></tr></thead>
              <tbody>
                {measured.forms.map((f) => (
                  <tr key={f.leaves}><td>{f.leaves}</td><td>{bytes(f.bytes)}</td><td>{percent(f.same_bits_percent)}</td><td>{percent(f.same_label_percent)}</td><td>{f.largest_difference === 0 ? "none" : f.largest_difference.toExponential(1)}</td></tr>
                ))}
              </tbody>
            </table>
          </div>
          <p class="quiet">Version {measured.version}, features of {measured.rows} stocks.</p>
        </>
      )}
    </Panel>
  );
}

const COLOURS = ["a", "b", "c", "mark"];
const PREDICTIONS = 20;

/** Where the time of a prediction goes, from the service's own Server-Timing. */
function Anatomy() {
  const [parts, setParts] = useState<{ name: string; ms: number }[]>();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState("");
  const look = async () => {
    setBusy(true);
    try {
      const { stocks } = await getJson<{ stocks: { bse_code: string }[] }>(`../api/v1/stocks?limit=${PREDICTIONS}`);
      const { dates } = await getJson<{ dates: string[] }>(`../api/v1/stocks/${stocks[0]?.bse_code}/prices?days=1`);
      const sums = new Map<string, number>();
      for (const stock of stocks) {
        const answer = await sendJson("POST", "../api/v1/predict", { bse_code: stock.bse_code, prediction_date: dates[0] }).catch(() => undefined);
        for (const [, name, value] of (answer?.headers.get("Server-Timing") ?? "").matchAll(/([a-z]+);dur=([\d.]+)/g)) sums.set(name!, (sums.get(name!) ?? 0) + +value! / stocks.length);
      }
      const total = sums.get("total") ?? 0;
      sums.delete("total");
      const known = [...sums].map(([name, value]) => ({ name, ms: value }));
      setParts([...known, { name: "the rest", ms: Math.max(0, total - known.reduce((sum, p) => sum + p.ms, 0)) }]);
      setFailed("");
    } catch (error) {
      setFailed((error as Error).message);
    }
    setBusy(false);
  };
  const total = parts?.reduce((sum, p) => sum + p.ms, 0) || 1;
  const colour = (i: number, all: number) => (i === all - 1 ? "axis" : COLOURS[i % COLOURS.length]);
  return (
    <Panel title="What a prediction is made of" side={<button type="button" disabled={busy} onClick={look}>{parts ? "Look again" : "Look"}</button>}>
      {failed && <p class="error" role="alert">{failed}</p>}
      {!parts && <p class="quiet">{busy ? "Predicting …" : `Asks for ${PREDICTIONS} predictions and shows where the service spent their time, as its switches stand now.`}</p>}
      {parts && (
        <>
          <div class="stack" aria-hidden="true">{parts.map((p, i) => <span key={p.name} class={colour(i, parts.length)} style={{ width: `${(100 * p.ms) / total}%` }} />)}</div>
          <table>
            <thead><tr><th scope="col">Phase</th><th scope="col">Time</th><th scope="col">Share</th></tr></thead>
            <tbody>
              {parts.map((p, i) => <tr key={p.name}><th scope="row"><span class={`key ${colour(i, parts.length)}`}>{p.name}</span></th><td>{ms(p.ms)}</td><td>{percent((100 * p.ms) / total)}</td></tr>)}
            </tbody>
          </table>
        </>
      )}
    </Panel>
  );
}
