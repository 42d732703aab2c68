import { useState } from "preact/hooks";
import { getJson, sendJson } from "../api";
import { bytes, count, ms, percent } from "../format";
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
              <Tile label="Time saved" value={ms(data.categories.reduce((sum, c) => sum + c.savedMilliseconds, 0))} note="estimated from one hit in eight" />
              <Tile label="Second tier" value={data.secondTier ? (data.secondTier.isUsable ? "up" : "down") : "none"} note={data.secondTier ? `${data.secondTier.outages} outages, ${data.secondTier.pendingInvalidations} pending` : "memory only"} />
            </div>
            <div class="actions">
              <button type="button" onClick={() => act("cache/warm?mode=full", "The cache was warmed.", "POST")}>Warm</button>
              <button type="button" class="danger" onClick={() => confirm("Remove every entry on both tiers?") && act("cache", "The cache is empty.", "DELETE")}>Clear everything</button>
            </div>
            <div class="grid">
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

function CategoryPanel({ category, clear }: { category: Category; clear: () => void }) {
  const missed = Object.entries(category.misses).filter(([name]) => name !== "total");
  const reads = category.hits + missed.reduce((sum, [, value]) => sum + value, 0);
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
          <tr><th scope="row">Entries</th><td>{count(category.entries)}</td><td><Meter part={category.entries / category.maxEntries} /></td></tr>
          <tr><th scope="row">Loading took</th><td>{ms(category.loadMilliseconds)}</td><td>{count(category.loads)} loads</td></tr>
        </tbody>
      </table>
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
