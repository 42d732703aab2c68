interface Line {
  name: string;
  /** Names a colour of the style sheet: --c-NAME. */
  colour: string;
  values: number[];
}

const WIDTH = 320;
const HEIGHT = 130;
const LEFT = 52;
const BOTTOM = 22;
const TOP = 8;
const RIGHT = 12;

/** Lines over a few named steps, evenly spaced. The figures stand beside it as a table; the drawing is decoration. */
export function Curve({ steps, lines, text, log = false, zero = true }: { steps: string[]; lines: Line[]; text: (value: number) => string; log?: boolean; zero?: boolean }) {
  const all = lines.flatMap((line) => line.values);
  const scale = (value: number) => (log ? Math.log10(Math.max(value, 1e-9)) : value);
  const low = zero && !log ? 0 : Math.min(...all.map(scale));
  const high = Math.max(...all.map(scale), low + 1e-9);
  const x = (i: number) => LEFT + (i * (WIDTH - LEFT - RIGHT)) / Math.max(1, steps.length - 1);
  const y = (value: number) => HEIGHT - BOTTOM - ((scale(value) - low) / (high - low)) * (HEIGHT - BOTTOM - TOP);
  return (
    <svg class="curve" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      {[low, (low + high) / 2, high].map((level) => {
        const value = log ? 10 ** level : level;
        return (
          <g key={level}>
            <line class="rule" x1={LEFT} x2={WIDTH - RIGHT} y1={y(value)} y2={y(value)} />
            <text x={LEFT - 6} y={y(value) + 3} text-anchor="end">{text(value)}</text>
          </g>
        );
      })}
      {steps.map((step, i) => <text key={step} x={x(i)} y={HEIGHT - 6} text-anchor={i === steps.length - 1 ? "end" : "middle"}>{step}</text>)}
      {lines.map((line) => (
        <g key={line.name} class={`line ${line.colour}`}>
          <polyline points={line.values.map((value, i) => `${x(i)},${y(value)}`).join(" ")} />
          {line.values.map((value, i) => <circle key={i} cx={x(i)} cy={y(value)} r="3" />)}
        </g>
      ))}
    </svg>
  );
}
