import { useState } from "preact/hooks";
import { getJson, sendJson } from "../api";
import { bytes, count, duration, ms, number, percent } from "../format";
import { Curve } from "../parts/Curve";
import { useLoad } from "../parts/hooks";
import { Loading, Meter, Panel, Tile } from "../parts/Panel";

interface Category {
  name: string;
  entries: number;
  maxEntries: number;
  bytes: number;
  hits: number;
  misses: { cold: number; expired: number; evicted: number; invalidated: number };
  hitRatePercent?: number | null;
  staleServed: number;
  coalesced: number;
  loads: number;
  loadMilliseconds: number;
  savedMilliseconds: number;
  secondTier: { hits: number; misses: number; failures: number };
  timeToLiveMilliseconds: number;
  memoryCurve: { factor: number; entries: number; hitRatePercent: number }[];
  pointsOfTwiceTheMemory?: number | null;
  topKeys: { key: string; hits: number; savedMilliseconds: number }[];
}

interface Cache {
  bytes: number;
  maxBytes: number;
  categories: Category[];
  secondTier?: { isUsable: boolean; outages: number; pendingInvalidations: number } | null;
}

export default function CachePage() {
  const cache = useLoad((signal) => getJson<Cache>("cache", signal), [], 2000);
  const [said, setSaid] = useState("");
  const act = async (what: string, done: string, method: string) => {
    try {
      await sendJson(method, what);
      setSaid(done);
    } catch (error) {
      setSaid((error as Error).message);
    }
    cache.reload();
  };
  return (
    <>
      <p class="said" role="status">{said}</p>
      <Loading of={cache}>
        {(data) => (
          <>
            <div class="tiles">
              <Tile label="Memory tier" value={bytes(data.bytes)} note={`of ${bytes(data.maxBytes)}`} />
              <Tile label="Entries" value={count(data.categories.reduce((sum, c) => sum + c.entries, 0))} note={`${data.categories.length} categories`} />
              <Tile label="Time saved" value={duration(data.categories.reduce((sum, c) => sum + c.savedMilliseconds, 0))} note="estimated from one hit in eight" />
              <Tile label="Second tier" value={data.secondTier ? (data.secondTier.isUsable ? "up" : "down") : "none"} note={data.secondTier ? `${data.secondTier.outages} outages, ${data.secondTier.pendingInvalidations} pending` : "memory only"} />
            </div>
            <div class="form">
              <Warming categories={data.categories} say={setSaid} done={cache.reload} />
              <button type="button" class="danger" onClick={() => confirm("Remove every entry on both tiers?") && act("cache", "The cache is empty.", "DELETE")}>Clear everything</button>
            </div>
            {data.categories.length === 0 && <p class="quiet">The service keeps nothing: it has no category of the cache.</p>}
            <div class="columns">
              {data.categories.map((category) => (
                <CategoryPanel key={category.name} category={category} clear={() => act(`cache?pattern=${encodeURIComponent(category.name)}`, `${category.name} is empty.`, "DELETE")} />
              ))}
            </div>
          </>
        )}
      </Loading>
    </>
  );
}

function Warming({ categories, say, done }: { categories: Category[]; say: (text: string) => void; done: () => void }) {
  const [mode, setMode] = useState("full");
  const [limit, setLimit] = useState(200);
  const [busy, setBusy] = useState(false);
  const warm = async () => {
    setBusy(true);
    say("Warming …");
    try {
      const got = (await (await sendJson("POST", `cache/warm?mode=${encodeURIComponent(mode)}&limit=${limit}`)).json()) as { items: number; errors: number; bytes: number; seconds: number; firstError?: string | null };
      say(`${count(got.items)} keys warmed in ${ms(got.seconds * 1000)}, ${bytes(got.bytes)}${got.errors ? `; ${count(got.errors)} errors, the first: ${got.firstError}` : ""}.`);
    } catch (error) {
      say((error as Error).message);
    }
    setBusy(false);
    done();
  };
  return (
    <>
      <label>
        Warm
        <select value={mode} onChange={(event) => setMode(event.currentTarget.value)}>
          <option value="full">everything</option>
          {categories.map((c) => <option key={c.name} value={c.name}>{c.name}</option>)}
        </select>
      </label>
      <label>
        Keys at most
        <input type="number" min="1" max="100000" value={limit} onInput={(event) => setLimit(Math.max(1, Math.trunc(+event.currentTarget.value) || 1))} />
      </label>
      <button type="button" disabled={busy} onClick={warm}>Warm</button>
    </>
  );
}

function Sizes({ category }: { category: Category }) {
  const points = category.memoryCurve;
  if (points.length < 2) return null;
  const gain = category.pointsOfTwiceTheMemory;
  return (
    <>
      <h3>Misses with other sizes of memory</h3>
      <Curve steps={points.map((p) => `${p.factor}×`)} lines={[{ name: "misses", colour: "a", values: points.map((p) => 100 - p.hitRatePercent) }]} text={(v) => `${Math.round(v * 10) / 10} %`} />
      <table>
        <thead><tr><th scope="col">Size</th>{points.map((p) => <th scope="col" key={p.factor}>{p.factor}×</th>)}</tr></thead>
        <tbody>
          <tr><th scope="row">Entries</th>{points.map((p) => <td key={p.factor}>{count(p.entries)}</td>)}</tr>
          <tr><th scope="row">Misses</th>{points.map((p) => <td key={p.factor}>{percent(100 - p.hitRatePercent)}</td>)}</tr>
        </tbody>
      </table>
      <p class="quiet">Estimated for an LRU cache from a sample of keys{gain == null ? "" : `; twice the memory gains ${number(gain)} points`}.</p>
    </>
  );
}

function CategoryPanel({ category, clear }: { category: Category; clear: () => void }) {
  const missed = Object.entries(category.misses).filter(([name]) => name !== "total");
  const reads = category.hits + missed.reduce((sum, [, value]) => sum + value, 0);
  if (reads === 0 && category.entries === 0) {
    return (
      <Panel title={category.name}>
        <p class="quiet">Nothing was asked of it yet. It holds up to {count(category.maxEntries)} entries for {duration(category.timeToLiveMilliseconds)} once the <a href="#/switches">switch</a> that uses it is on.</p>
      </Panel>
    );
  }
  return (
    <Panel title={category.name} side={<button type="button" onClick={clear} aria-label={`Clear ${category.name}`}>Clear</button>}>
      <p class="big">
        {percent(category.hitRatePercent)} <small>hits of {count(reads)} reads</small>
      </p>
      <table>
        <tbody>
          <tr><th scope="row">Hits</th><td>{count(category.hits)}</td><td><Meter part={category.hits / Math.max(1, reads)} tone="good" /></td></tr>
          {missed.map(([reason, value]) => (
            <tr key={reason}><th scope="row">Missed: {reason}</th><td>{count(value)}</td><td><Meter part={value / Math.max(1, reads)} tone="warn" /></td></tr>
          ))}
          <tr><th scope="row">Joined a load under way</th><td>{count(category.coalesced)}</td><td /></tr>
          <tr><th scope="row">Second tier hits</th><td>{count(category.secondTier.hits)}</td><td /></tr>
          <tr><th scope="row">Entries</th><td>{count(category.entries)}</td><td><Meter part={category.entries / category.maxEntries} /> of {count(category.maxEntries)}</td></tr>
          <tr><th scope="row">Time to live</th><td>{duration(category.timeToLiveMilliseconds)}</td><td /></tr>
          <tr><th scope="row">Loading took</th><td>{duration(category.loadMilliseconds)}</td><td>{count(category.loads)} loads</td></tr>
        </tbody>
      </table>
      <Sizes category={category} />
      {category.topKeys.length > 0 && (
        <>
          <h3>Keys that saved most time</h3>
          <table>
            <thead><tr><th scope="col">Key</th><th scope="col">Hits</th><th scope="col">Saved</th></tr></thead>
            <tbody>
              {category.topKeys.map((top) => (
                <tr key={top.key}><td><code class="clip" title={top.key}>{top.key}</code></td><td>{count(top.hits)}</td><td>{ms(top.savedMilliseconds)}</td></tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </Panel>
  );
}
