import { getJson } from "../api";
import { count, ms, percent } from "../format";
import { useLoad } from "../parts/hooks";
import { Loading, Meter, Panel } from "../parts/Panel";
import { type Column, VirtualTable } from "../parts/VirtualTable";

interface Route {
  route: string;
  method: string;
  requests: number;
  errors: number;
  totalMs: number;
  meanMs: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
}

export default function Routes() {
  const routes = useLoad((signal) => getJson<{ routes: Route[] }>("routes", signal), [], 2000);
  return (
    <Panel title="Since the start" side={<span class="quiet">quantiles are upper bounds of their buckets</span>} wide>
      <Loading of={routes}>
        {({ routes: rows }) => {
          const all = rows.reduce((sum, row) => sum + row.totalMs, 0) || 1;
          const columns: Column<Route>[] = [
            { name: "Route", size: 4, cell: (r) => <code>{r.method} {r.route}</code>, by: (r) => r.route, title: (r) => `${r.method} ${r.route}` },
            { name: "Requests", size: 1.2, number: true, cell: (r) => count(r.requests), by: (r) => r.requests },
            { name: "Errors", size: 1, number: true, cell: (r) => <span class={r.errors ? "bad" : ""}>{percent((100 * r.errors) / Math.max(1, r.requests))}</span>, by: (r) => r.errors / Math.max(1, r.requests) },
            { name: "Mean", size: 1.2, number: true, cell: (r) => ms(r.meanMs), by: (r) => r.meanMs },
            { name: "p50 ≤", size: 1.2, number: true, cell: (r) => ms(r.p50Ms), by: (r) => r.p50Ms },
            { name: "p95 ≤", size: 1.2, number: true, cell: (r) => ms(r.p95Ms), by: (r) => r.p95Ms },
            { name: "p99 ≤", size: 1.2, number: true, cell: (r) => ms(r.p99Ms), by: (r) => r.p99Ms },
            { name: "Share of time", size: 2, cell: (r) => <><Meter part={r.totalMs / all} /> {percent((100 * r.totalMs) / all)}</>, by: (r) => r.totalMs },
          ];
          return rows.length ? <VirtualTable label="Routes" rows={rows} columns={columns} id={(r) => r.method + r.route} height={560} /> : <p class="quiet">No request has been answered yet.</p>;
        }}
      </Loading>
    </Panel>
  );
}
