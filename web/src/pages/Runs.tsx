import { useState } from "preact/hooks";
import { getJson, getText } from "../api";
import { dateTime, number, time } from "../format";
import { useLoad } from "../parts/hooks";
import { Loading, Panel } from "../parts/Panel";
import { type Column, VirtualTable } from "../parts/VirtualTable";

interface Run {
  id: string;
  state: string;
  end?: string;
  kept: number;
  changedAt: string;
}

interface Result {
  startedAt: string;
  durationSeconds: number;
  machine?: { processor?: string; cores?: number };
  verdicts?: { subject: string; verdict: string; reason: string }[];
  tables?: { title: string; columns: string[]; rows: (string | number | null)[][]; note?: string }[];
}

interface JournalLine {
  at: string;
  event: string;
  action?: string;
}

const columns: Column<Run>[] = [
  { name: "Run", size: 3, cell: (r) => <code>{r.id}</code>, by: (r) => r.id },
  { name: "State", size: 1.5, cell: (r) => r.state, by: (r) => r.state },
  { name: "End", size: 1.5, cell: (r) => r.end ?? "–", by: (r) => r.end ?? "" },
  { name: "Kept", size: 1, number: true, cell: (r) => r.kept, by: (r) => r.kept },
  { name: "Changed", size: 2, cell: (r) => dateTime(r.changedAt), by: (r) => r.changedAt },
];

export default function Runs() {
  const runs = useLoad((signal) => getJson<{ runs: Run[] }>("runs", signal), [], 2000);
  const [chosen, setChosen] = useState<string>();
  const shown = chosen ?? runs.data?.runs[0]?.id;
  const run = runs.data?.runs.find((r) => r.id === shown);
  return (
    <>
      <Panel title="Tuning runs, newest first" wide>
        <Loading of={runs}>
          {({ runs: rows }) =>
            rows.length ? <VirtualTable label="Runs" rows={rows} columns={columns} id={(r) => r.id} chosen={shown} choose={(r) => setChosen(r.id)} height={252} /> : <p class="quiet">No runs in the state folder; <code>fettle tune</code> makes one.</p>
          }
        </Loading>
      </Panel>
      {run && (run.state === "finished" ? <Finished at={`runs/${encodeURIComponent(run.id)}`} /> : <UnderWay id={run.id} />)}
      <Loads />
    </>
  );
}

interface Load {
  id: string;
  name: string;
  startedAt: string;
  durationSeconds: number;
}

const loadColumns: Column<Load>[] = [
  { name: "File", size: 3, cell: (l) => <code>{l.id}</code>, by: (l) => l.id },
  { name: "Scenario", size: 2, cell: (l) => l.name, by: (l) => l.name },
  { name: "Started", size: 2, cell: (l) => dateTime(l.startedAt), by: (l) => l.startedAt },
  { name: "Seconds", size: 1, number: true, cell: (l) => number(l.durationSeconds), by: (l) => l.durationSeconds },
];

/** Load runs that were saved in the state folder. */
function Loads() {
  const loads = useLoad((signal) => getJson<{ loads: Load[] }>("loads", signal), [], 5000);
  const [chosen, setChosen] = useState<string>();
  return (
    <>
      <Panel title="Load runs, newest first" wide>
        <Loading of={loads}>
          {({ loads: rows }) =>
            rows.length ? <VirtualTable label="Load runs" rows={rows} columns={loadColumns} id={(l) => l.id} chosen={chosen} choose={(l) => setChosen(l.id)} height={252} /> : <p class="quiet">None in the folder <code>loads</code> of the state folder; <code>fettle load … --json .fettle/loads/NAME.json</code> saves one.</p>
          }
        </Loading>
      </Panel>
      {chosen && <Finished at={`loads/${encodeURIComponent(chosen)}`} />}
    </>
  );
}

/** Whether all that a column holds are numbers, with or without a sign for what they count. */
const isNumber = (rows: (string | number | null)[][], column: number) => rows.every((row) => row[column] == null || /^[-+−]?[\d.,]+ ?[%×]?$|^$/.test(String(row[column])));

function Finished({ at }: { at: string }) {
  const result = useLoad((signal) => getJson<Result>(at, signal), [at]);
  return (
    <Loading of={result}>
      {(data) => (
        <>
          {!!data.verdicts?.length && <Panel title="Verdicts" side={<span class="quiet">{dateTime(data.startedAt)}, {number(data.durationSeconds)} s</span>} wide>
            <table>
              <thead><tr><th scope="col">Action</th><th scope="col">Verdict</th><th scope="col">Why</th></tr></thead>
              <tbody>
                {data.verdicts.map((v) => (
                  <tr key={v.subject}><td>{v.subject}</td><td><span class={`badge ${v.verdict.replaceAll(" ", "-")}`}>{v.verdict}</span></td><td>{v.reason}</td></tr>
                ))}
              </tbody>
            </table>
          </Panel>}
          {(data.tables ?? []).map((table) => (
            <Panel title={table.title} key={table.title} wide>
              <div class="across" tabIndex={0} role="group" aria-label={table.title}>
                <table>
                  <thead><tr>{table.columns.map((c, j) => <th scope="col" key={c} class={isNumber(table.rows, j) ? "number" : ""}>{c}</th>)}</tr></thead>
                  <tbody>{table.rows.map((row, i) => <tr key={i}>{row.map((cell, j) => <td key={j} class={isNumber(table.rows, j) ? "number" : ""}>{cell === null ? "–" : cell}</td>)}</tr>)}</tbody>
                </table>
              </div>
              {table.note && <p class="quiet">{table.note}</p>}
            </Panel>
          ))}
        </>
      )}
    </Loading>
  );
}

function UnderWay({ id }: { id: string }) {
  const journal = useLoad((signal) => getText(`runs/${encodeURIComponent(id)}/journal`, signal), [id], 1000);
  return (
    <Panel title="Under way" side={<span class="quiet">read again every second</span>} wide>
      <Loading of={journal}>
        {(text) => (
          <ol class="list" aria-live="polite">
            {text.split("\n").flatMap((line) => read(line)).map((line, i) => (
              <li key={i}><time>{time(line.at)}</time> {line.event}{line.action && <> <code>{line.action}</code></>}</li>
            ))}
          </ol>
        )}
      </Loading>
    </Panel>
  );
}

/** The last line may still be being written. */
function read(line: string): JournalLine[] {
  try {
    const entry = JSON.parse(line) as Record<string, unknown>;
    const body = (entry.entry ?? entry) as Record<string, string>;
    return [{ at: body.at ?? "", event: body.event ?? "?", action: body.action }];
  } catch {
    return [];
  }
}
