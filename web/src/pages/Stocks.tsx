import { useMemo, useState } from "preact/hooks";
import { getJson, sendJson } from "../api";
import { number, percent } from "../format";
import { Chart } from "../parts/Chart";
import { useDebounced, useLoad } from "../parts/hooks";
import { Loading, Panel, Tile } from "../parts/Panel";
import { type Column, VirtualTable } from "../parts/VirtualTable";

interface Stock {
  bse_code: string;
  nse_symbol?: string | null;
  company_name: string;
}

interface Prices {
  dates: string[];
  close: number[];
  upper: (number | null)[];
  middle: (number | null)[];
  lower: (number | null)[];
}

interface Prediction {
  predicted_label: number;
  probability: number;
  confidence: string;
  model_version: string;
  prediction_date: string;
  features: Record<string, number | null>;
  contributions?: { base_value: number; margin: number; values: Record<string, number> };
}

const columns: Column<Stock>[] = [
  { name: "Code", size: 1, cell: (s) => <code>{s.bse_code}</code>, by: (s) => s.bse_code },
  { name: "Symbol", size: 1.5, cell: (s) => s.nse_symbol ?? "–", by: (s) => s.nse_symbol ?? "" },
  { name: "Company", size: 4, cell: (s) => s.company_name, by: (s) => s.company_name, title: (s) => s.company_name },
];

export default function Stocks() {
  const [typed, setTyped] = useState("");
  const [most, setMost] = useState(20);
  const [chosen, setChosen] = useState<Stock>();
  const wanted = useDebounced(typed.trim(), 200);
  const stocks = useLoad((signal) => getJson<{ stocks: Stock[]; total: number }>(`../api/v1/stocks?q=${encodeURIComponent(wanted)}&limit=${most}`, signal), [wanted, most]);
  return (
    <>
      <Panel title="Stocks" wide side={<input type="search" aria-label="Search a stock by code, symbol or name" placeholder="Code, symbol or name" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />}>
        <Loading of={stocks}>
          {(found) => (
            <>
              {found.stocks.length ? (
                <VirtualTable label="Stocks" rows={found.stocks} columns={columns} id={(s) => s.bse_code} chosen={chosen?.bse_code} choose={setChosen} height={most > 20 ? 432 : 180} />
              ) : (
                <p class="quiet">No stock matches.</p>
              )}
              <div class="spread">
                <span class="quiet">{number(found.stocks.length)} of {number(found.total)}{found.stocks.length > 0 && !chosen && "; choose one for its price, its prediction and what that is made of"}</span>
                {found.total > found.stocks.length && <button type="button" onClick={() => setMost(20_000)}>List all</button>}
              </div>
            </>
          )}
        </Loading>
      </Panel>
      {chosen && <StockView key={chosen.bse_code} stock={chosen} />}
    </>
  );
}

function StockView({ stock }: { stock: Stock }) {
  const prices = useLoad((signal) => getJson<Prices>(`../api/v1/stocks/${stock.bse_code}/prices?days=250`, signal), [stock.bse_code]);
  return (
    <Loading of={prices}>
      {(data) => (
        <>
          <PricePanel stock={stock} data={data} />
          {data.dates.length > 0 && <PredictionPanels stock={stock} date={data.dates.at(-1)!} />}
        </>
      )}
    </Loading>
  );
}

function PricePanel({ stock, data }: { stock: Stock; data: Prices }) {
  const { times, lines } = useMemo(() => ({
    times: data.dates.map((date) => Date.parse(date) / 1000),
    lines: [
      { name: "upper band", colour: "c", values: data.upper, dash: true },
      { name: "lower band", colour: "c", values: data.lower, dash: true },
      { name: "20-day mean", colour: "b", values: data.middle },
      { name: "close", colour: "a", values: data.close },
    ],
  }), [data]);
  return (
    <Panel title={stock.company_name} wide side={<span class="quiet">{stock.bse_code} · {stock.nse_symbol ?? "no symbol"} · Bollinger bands, 20 days, 2 deviations</span>}>
      <Chart label={`Price of ${stock.company_name}`} times={times} lines={lines} band={[0, 1]} height={300} days zero={false} unit=" ₹" />
    </Panel>
  );
}

function PredictionPanels({ stock, date }: { stock: Stock; date: string }) {
  const prediction = useLoad(
    async () => (await (await sendJson("POST", "../api/v1/predict", { bse_code: stock.bse_code, prediction_date: date, include_features: true, include_contributions: true })).json()) as Prediction,
    [stock.bse_code, date],
  );
  return (
    <Loading of={prediction}>
      {(p) => {
        const values = p.contributions?.values ?? {};
        const names = Object.keys(p.features).sort((a, b) => Math.abs(values[b] ?? 0) - Math.abs(values[a] ?? 0));
        const widest = Math.max(1e-9, ...Object.values(values).map(Math.abs));
        return (
          <>
            <div class="tiles">
              <Tile label="Upper circuit after the announcement" value={percent(100 * p.probability)} note={p.predicted_label ? "predicted to hit" : "not predicted to hit"} tone={p.predicted_label ? "good" : undefined} />
              <Tile label="Confidence" value={p.confidence} note={`as known on ${p.prediction_date}`} />
              <Tile label="Model" value={p.model_version} note={p.contributions ? `margin ${number(p.contributions.margin)} from base ${number(p.contributions.base_value)}` : ""} />
            </div>
            <Panel title={`The ${names.length} features and what each adds`} wide>
              <table class="features">
                <thead><tr><th scope="col">Feature</th><th scope="col" class="number">Value</th><th scope="col" class="number">Adds to the margin</th><th scope="col"><span class="unseen">Drawn</span></th></tr></thead>
                <tbody>
                  {names.map((name) => {
                    const adds = values[name] ?? 0;
                    return (
                      <tr key={name}>
                        <th scope="row">{name.replaceAll("_", " ")}</th>
                        <td class="number">{number(p.features[name])}</td>
                        <td class="number">{adds > 0 ? "+" : ""}{number(adds)}</td>
                        <td>
                          <span class="diverging" aria-hidden="true">
                            <span class={adds < 0 ? "minus" : "plus"} style={{ width: `${(50 * Math.abs(adds)) / widest}%`, [adds < 0 ? "right" : "left"]: "50%" }} />
                          </span>
                        </td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </Panel>
          </>
        );
      }}
    </Loading>
  );
}
