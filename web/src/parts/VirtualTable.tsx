import type { ComponentChildren, JSX } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { memo } from "./hooks";

export interface Column<Row> {
  name: string;
  /** Share of the width. */
  size: number;
  cell: (row: Row) => ComponentChildren;
  /** What the column sorts by; a column without it does not sort. */
  by?: (row: Row) => number | string;
  number?: boolean;
  /** The whole text where the cell may be too narrow for it. */
  title?: (row: Row) => string;
}

const ROW = 36;
const SPARE = 8;
/** Narrower than this per unit of size a column says nothing; the table scrolls sideways instead. */
const LEAST_UNIT = 56;

interface LineProps<Row> {
  row: Row;
  index: number;
  columns: Column<Row>[];
  grid: string;
  chosen: boolean;
  choose?: (row: Row) => void;
}

const Line = memo(<Row,>({ row, index, columns, grid, chosen, choose }: LineProps<Row>): JSX.Element => (
  <div
    role="row"
    aria-rowindex={index + 2}
    class={`row${choose ? " choosable" : ""}${chosen ? " chosen" : ""}`}
    style={{ gridTemplateColumns: grid, transform: `translateY(${index * ROW}px)` }}
    tabIndex={choose && 0}
    aria-current={chosen || undefined}
    onClick={choose && (() => choose(row))}
    onKeyDown={choose && ((event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose(row);
    })}
  >
    {columns.map((column) => (
      <div role="cell" class={column.number ? "number" : ""} title={column.title?.(row)} key={column.name}>
        {column.cell(row)}
      </div>
    ))}
  </div>
)) as <Row>(props: LineProps<Row> & { key?: unknown }) => JSX.Element;

/** A table of any length that holds only the rows in sight. */
export function VirtualTable<Row>({ label, rows, columns, id, height = 420, chosen, choose }: {
  label: string;
  rows: readonly Row[];
  columns: Column<Row>[];
  id: (row: Row) => string;
  height?: number;
  chosen?: string;
  choose?: (row: Row) => void;
}) {
  const [top, setTop] = useState(0);
  const [order, setOrder] = useState<{ column: number; down: boolean }>();
  const pending = useRef(0);
  const grid = columns.map((column) => `minmax(0, ${column.size}fr)`).join(" ");
  const sorted = useMemo(() => {
    const by = order && columns[order.column]?.by;
    if (!by) return rows;
    const sign = order.down ? -1 : 1;
    return [...rows].sort((a, b) => (by(a) < by(b) ? -sign : by(a) > by(b) ? sign : 0));
  }, [rows, order]);
  const shown = Math.min(height, Math.max(1, sorted.length) * ROW);
  const first = Math.max(0, Math.floor(top / ROW) - SPARE);
  const last = Math.min(sorted.length, Math.ceil((top + shown) / ROW) + SPARE);
  const scroll = (event: { currentTarget: HTMLDivElement }) => {
    const { scrollTop } = event.currentTarget;
    cancelAnimationFrame(pending.current);
    pending.current = requestAnimationFrame(() => setTop(scrollTop));
  };
  return (
    <div class={sorted.length * ROW > shown ? "table long" : "table"} role="table" aria-label={label} aria-rowcount={sorted.length + 1}>
      <div role="presentation" style={{ minWidth: `${Math.round(columns.reduce((sum, column) => sum + column.size, 0) * LEAST_UNIT)}px` }}>
      <div role="rowgroup">
        <div role="row" aria-rowindex={1} class="head" style={{ gridTemplateColumns: grid }}>
          {columns.map((column, i) => {
            const now = order?.column === i;
            return (
              <div role="columnheader" class={column.number ? "number" : ""} key={column.name} aria-sort={now ? (order.down ? "descending" : "ascending") : column.by ? "none" : undefined}>
                {column.by ? (
                  <button type="button" onClick={() => setOrder({ column: i, down: now ? !order.down : !!column.number })}>
                    {column.name}
                    <span aria-hidden="true">{now ? (order.down ? " ↓" : " ↑") : ""}</span>
                  </button>
                ) : (
                  column.name
                )}
              </div>
            );
          })}
        </div>
      </div>
      <div class="scroll" role="rowgroup" tabIndex={0} aria-label={`${label}, rows`} style={{ height: `${shown}px` }} onScroll={scroll}>
        <div role="presentation" style={{ height: `${sorted.length * ROW}px` }}>
          {sorted.slice(first, last).map((row, i) => (
            <Line key={id(row)} row={row} index={first + i} columns={columns} grid={grid} chosen={chosen === id(row)} choose={choose} />
          ))}
        </div>
      </div>
      </div>
    </div>
  );
}
