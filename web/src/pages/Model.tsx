import { useState } from "preact/hooks";
import { getJson, sendJson } from "../api";
import { bytes, dateTime, number } from "../format";
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
