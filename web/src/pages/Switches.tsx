import { useState } from "preact/hooks";
import { getJson, sendJson } from "../api";
import { dateTime } from "../format";
import { useLoad } from "../parts/hooks";
import { Loading, Panel } from "../parts/Panel";

interface Switch {
  name: string;
  layer: string;
  description: string;
  on: boolean;
  risk: string;
  needsWarmup: boolean;
  changedAt: string;
}

export default function Switches() {
  const switches = useLoad((signal) => getJson<{ switches: Switch[] }>("switches", signal), [], 3000);
  const [said, setSaid] = useState("");
  const flip = async (one: Switch) => {
    try {
      await sendJson("PUT", `switches/${one.name}`, { on: !one.on });
      setSaid(`${one.name} is ${one.on ? "off" : "on"}; the charts of the overview mark the moment.`);
    } catch (error) {
      setSaid((error as Error).message);
    }
    switches.reload();
  };
  return (
    <>
      <p class="said" role="status">{said}</p>
      <Loading of={switches}>
        {({ switches: rows }) => (
          <div class="columns">
            {[...new Set(rows.map((row) => row.layer))].sort().map((layer) => (
              <Panel title={layer} key={layer}>
                <ul class="switches">
                  {rows.filter((row) => row.layer === layer).map((row) => (
                    <li key={row.name}>
                      <button type="button" role="switch" aria-checked={row.on} aria-label={row.name} onClick={() => flip(row)} class="toggle"><span /></button>
                      <div>
                        <strong>{row.name}</strong>
                        <p>{row.description}</p>
                        <p class="quiet">risk {row.risk}{row.needsWarmup && ", needs warm-up"} · since {dateTime(row.changedAt)}</p>
                      </div>
                    </li>
                  ))}
                </ul>
              </Panel>
            ))}
          </div>
        )}
      </Loading>
    </>
  );
}
