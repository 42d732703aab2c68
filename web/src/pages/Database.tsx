import { useState } from "preact/hooks";
import { getJson, getText, sendJson } from "../api";
import { bytes, count, ms, percent } from "../format";
import { useLoad } from "../parts/hooks";
import { Loading, Meter, Panel } from "../parts/Panel";
import { type Column, VirtualTable } from "../parts/VirtualTable";

interface Query {
  sql: string;
  calls: number;
  rows: number;
  errors: number;
  totalMs: number;
  meanMs: number;
  p95Ms: number;
  maxMs: number;
  endpoints: { name: string; calls: number; mostPerRequest: number }[];
}

interface Action {
  id: string;
  title: string;
  risk: string;
  why: string;
  predictedGain: number;
  do: string[];
  undo: string[];
  bytes: number;
  notes: string[];
}

interface Repeat {
  endpoint: string;
  sql: string;
  callsPerRequest: number;
  mostPerRequest: number;
  requests: number;
  batchedSql?: string | null;
}

export default function Database() {
  const queries = useLoad((signal) => getJson<{ queries: Query[] }>("queries", signal), [], 3000);
  const repeats = useLoad((signal) => getJson<Repeat[]>("repeats", signal), [], 5000);
  const [chosen, setChosen] = useState<string>();
  const plan = useLoad((signal) => (chosen ? getText(`plan?sql=${encodeURIComponent(chosen)}`, signal) : Promise.resolve("")), [chosen]);
  return (
    <>
      <Panel title="Statements, most total time first" side={<span class="quiet">choose one to see its plan</span>} wide>
        <Loading of={queries}>
          {({ queries: rows }) => {
            const all = rows.reduce((sum, row) => sum + row.totalMs, 0) || 1;
            const columns: Column<Query>[] = [
              { name: "Statement", size: 6, cell: (q) => <button type="button" class="link" onClick={() => setChosen(q.sql)} title={q.sql}><code>{q.sql}</code></button> },
              { name: "Calls", size: 1, number: true, cell: (q) => count(q.calls), by: (q) => q.calls },
              { name: "Mean", size: 1, number: true, cell: (q) => ms(q.meanMs), by: (q) => q.meanMs },
              { name: "p95", size: 1, number: true, cell: (q) => ms(q.p95Ms), by: (q) => q.p95Ms },
              { name: "Rows", size: 1, number: true, cell: (q) => count(q.rows), by: (q) => q.rows },
              { name: "Share of time", size: 2, cell: (q) => <><Meter part={q.totalMs / all} /> {percent((100 * q.totalMs) / all)}</>, by: (q) => q.totalMs },
            ];
            return rows.length ? <VirtualTable label="Statements" rows={rows} columns={columns} id={(q) => q.sql} chosen={chosen} choose={(q) => setChosen(q.sql)} height={324} /> : <p class="quiet">No statement was recorded yet: the first request that asks the database fills this list.</p>;
          }}
        </Loading>
      </Panel>
      <div class="grid">
        {chosen && (
          <Panel title="Plan" wide>
            <pre class="sql">{chosen}</pre>
            <Loading of={plan}>{(text) => <pre>{text}</pre>}</Loading>
          </Panel>
        )}
        <Panel title="Loops of statements" side={<span class="quiet">one statement many times in a request</span>} wide>
          <Loading of={repeats}>
            {(rows) =>
              rows.length ? (
                <ul class="list">
                  {rows.map((r) => (
                    <li key={r.endpoint + r.sql}>
                      <strong>{r.endpoint}</strong> runs <code>{r.sql}</code> {Math.round(r.callsPerRequest)} times a request, at most {r.mostPerRequest}.
                      {r.batchedSql && <> As one statement: <code>{r.batchedSql}</code></>}
                    </li>
                  ))}
                </ul>
              ) : (
                <p class="quiet">No request runs one statement again and again.</p>
              )
            }
          </Loading>
        </Panel>
        <Advice />
      </div>
    </>
  );
}

function Advice() {
  const [asked, setAsked] = useState(false);
  return (
    <Panel title="Advice" wide side={!asked && <button type="button" onClick={() => setAsked(true)}>Review the statements</button>}>
      {asked ? <AdviceList /> : <p class="quiet">The review prices indexes for the recorded statements; it reads only.</p>}
    </Panel>
  );
}

function AdviceList() {
  const advice = useLoad((signal) => getJson<{ offered: Action[]; applied: Action[] }>("advice", signal), []);
  const [busy, setBusy] = useState("");
  const [said, setSaid] = useState("");
  const run = async (action: Action, verb: "apply" | "undo") => {
    setBusy(action.id);
    setSaid(`${verb}: ${action.title} …`);
    try {
      await sendJson("POST", `advice/${verb}?id=${encodeURIComponent(action.id)}`);
      setSaid(`${verb === "apply" ? "Applied" : "Undone"}: ${action.title}`);
    } catch (error) {
      setSaid((error as Error).message);
    }
    setBusy("");
    advice.reload();
  };
  const list = (actions: Action[], verb: "apply" | "undo") => (
    <ul class="list">
      {actions.map((action) => (
        <li key={action.id}>
          <div class="spread">
            <strong>{action.title}</strong>
            <button type="button" class={verb === "apply" ? "primary" : ""} disabled={!!busy} onClick={() => run(action, verb)} aria-label={`${verb} ${action.title}`}>
              {verb === "apply" ? "Apply" : "Undo"}
            </button>
          </div>
          <p>
            {action.why} Saves {percent(100 * action.predictedGain)} of the database's work, takes {bytes(action.bytes)}; risk {action.risk}.
          </p>
          <pre>{(verb === "apply" ? action.do : action.undo).join(";\n")}</pre>
        </li>
      ))}
    </ul>
  );
  return (
    <>
      <p class="said" role="status">{said}</p>
      <Loading of={advice}>
        {({ offered, applied }) => {
          const open = offered.filter((action) => !applied.some((a) => a.id === action.id));
          return (
            <>
              {open.length ? list(open, "apply") : <p class="quiet">No index would pay for itself.</p>}
              {applied.length > 0 && <h3>Applied from here</h3>}
              {list(applied, "undo")}
            </>
          );
        }}
      </Loading>
    </>
  );
}
