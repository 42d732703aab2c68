import { useMemo, useState } from "preact/hooks";
import { getJson } from "../api";
import { dateTime } from "../format";
import { useDebounced, useLoad } from "../parts/hooks";
import { Loading, Panel } from "../parts/Panel";
import { type Column, VirtualTable } from "../parts/VirtualTable";

interface Entry {
  at: string;
  who: string;
  action: string;
  object: string;
  result: string;
}

const columns: Column<Entry>[] = [
  { name: "When", size: 2, cell: (e) => dateTime(e.at), by: (e) => e.at },
  { name: "Who", size: 2, cell: (e) => e.who, by: (e) => e.who },
  { name: "Action", size: 1, cell: (e) => e.action, by: (e) => e.action },
  { name: "Object", size: 3, cell: (e) => <code>{e.object}</code>, by: (e) => e.object, title: (e) => e.object },
  { name: "Result", size: 2, cell: (e) => <span class={e.result.startsWith("refused") ? "bad" : ""}>{e.result}</span>, by: (e) => e.result, title: (e) => e.result },
];

export default function Audit() {
  const entries = useLoad((signal) => getJson<Entry[]>("audit", signal), [], 3000);
  const [typed, setTyped] = useState("");
  const wanted = useDebounced(typed.trim().toLowerCase(), 200);
  const rows = useMemo(
    () => [...(entries.data ?? [])].reverse().filter((e) => !wanted || `${e.who} ${e.action} ${e.object} ${e.result}`.toLowerCase().includes(wanted)),
    [entries.data, wanted],
  );
  return (
    <Panel title="Changes and refusals, newest first" wide side={<input type="search" aria-label="Search the audit log" placeholder="Search" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />}>
      <Loading of={entries}>
        {(all) =>
          rows.length ? (
            <VirtualTable label="Audit log" rows={rows} columns={columns} id={(e) => e.at + e.action + e.object} height={600} />
          ) : all.length ? (
            <p class="quiet">Nothing matches.</p>
          ) : (
            <p class="quiet">Nothing was changed since the service started, and nobody was refused.</p>
          )
        }
      </Loading>
    </Panel>
  );
}
