import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { theme, useTheme } from "../theme";

export interface Line {
  name: string;
  /** Names a colour of the style sheet: --c-NAME. */
  colour: string;
  values: (number | null | undefined)[];
  fill?: boolean;
  dash?: boolean;
}

export interface Mark {
  at: number;
  text: string;
}

const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(`--c-${name}`).trim() || "#888";

const LANES = 6;

function newest(plot: uPlot) {
  const last = plot.data[0].length - 1;
  if (last >= 0 && plot.cursor.idx == null) plot.setLegend({ idx: last }, false);
}

function drawMarks(plot: uPlot, marks: readonly Mark[]) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour("mark");
  ctx.fillStyle = colour("mark");
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  // A text takes the first lane in which nothing is in its way; what finds none shows its line alone, and the caption has every text.
  const lanes: number[] = Array(LANES).fill(-Infinity);
  marks.forEach((mark) => {
    const x = plot.valToPos(mark.at, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) return;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const width = ctx.measureText(mark.text).width + 10;
    const from = x + width > bbox.left + bbox.width ? x - width : x;
    const lane = lanes.findIndex((end) => end <= from);
    if (lane < 0) return;
    lanes[lane] = from + width;
    ctx.textAlign = "left";
    ctx.fillText(mark.text, from + 5, bbox.top + (12 + 14 * lane) * devicePixelRatio);
  });
  ctx.restore();
}

/** Seconds that stand alone between gaps; a line has two ends, so they would not show. */
const alone = (values: ArrayLike<number | null | undefined>) => {
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) if (values[i] != null && values[i - 1] == null && values[i + 1] == null) found.push(i);
  return found;
};

/** Lines over time. The figures also stand in a sentence for those who do not see the drawing. */
export function Chart({ label, times, lines, marks = [], height = 190, unit = "", band, days, zero = true }: {
  label: string;
  times: number[];
  lines: Line[];
  marks?: readonly Mark[];
  height?: number;
  unit?: string;
  /** Fills between two lines, by their index. */
  band?: [number, number];
  days?: boolean;
  zero?: boolean;
}) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const current = useRef(marks);
  current.current = marks;
  const mode = useTheme();
  const shape = lines.map((line) => line.name).join() + mode;
  const data = [times, ...lines.map((line) => line.values)] as uPlot.AlignedData;

  useEffect(() => {
    const element = host.current!;
    const axis = { stroke: colour("axis"), grid: { stroke: colour("grid"), width: 1 }, ticks: { show: false } };
    const made = new uPlot(
      {
        width: Math.max(200, element.clientWidth),
        height,
        legend: { show: lines.length > 1, live: true },
        padding: [12, 14, 0, 0],
        cursor: { y: false, points: { size: 6 } },
        scales: { x: { time: true }, y: { range: (_, low, high) => (zero ? [0, Math.max(high * 1.12, 0.001)] : [low - (high - low) * 0.08 || 0, high + (high - low) * 0.08 || 1]) } },
        axes: [
          { ...axis, space: 70, size: days ? 44 : 26, values: days ? undefined : "{HH}:{mm}:{ss}" },
          { ...axis, size: 58, values: (_, ticks) => ticks.map((tick) => `${Math.abs(tick) >= 10_000 ? `${tick / 1000}k` : +tick.toPrecision(6)}${unit}`) },
        ],
        series: [
          { value: (_, at) => (at ? (days ? new Date(at * 1000).toLocaleDateString("en-GB") : new Date(at * 1000).toLocaleTimeString("en-GB")) : "–") },
          ...lines.map((line) => ({
            label: line.name,
            stroke: colour(line.colour),
            width: 1.75,
            dash: line.dash ? [5, 4] : undefined,
            fill: line.fill ? colour(line.colour) + "22" : undefined,
            points: { show: false, size: 4, filter: (shown: uPlot, index: number) => alone(shown.data[index]!) },
            value: (_: uPlot, value: number | null) => (value == null ? "–" : `${+value.toPrecision(4)}${unit}`),
          })),
        ],
        bands: band && [{ series: [band[0] + 1, band[1] + 1], fill: colour("band") }],
        hooks: {
          draw: [(drawn) => drawMarks(drawn, current.current)],
          // Where the pointer points at nothing, the newest figures stand in the legend.
          setLegend: [(drawn) => newest(drawn)],
        },
      },
      data,
      element,
    );
    plot.current = made;
    newest(made);
    const observer = new ResizeObserver(() => made.setSize({ width: Math.max(200, element.clientWidth), height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [shape]);

  useEffect(() => {
    plot.current?.setData(data);
    if (plot.current) newest(plot.current);
  }, [times, lines]);

  const last = lines.map((line) => `${line.name} ${line.values.at(-1) ?? "none"}${unit}`).join(", ");
  return (
    <figure class="chart" aria-label={label}>
      <div ref={host} aria-hidden="true" data-marks={marks.map((mark) => mark.text).join("; ")} data-theme-used={theme()} />
      <figcaption class="unseen">
        {label}: {last}
        {marks.length > 0 && `; marks: ${marks.map((mark) => mark.text).join(", ")}`}
      </figcaption>
    </figure>
  );
}
