import type { ComponentChildren } from "preact";
import type { Loaded } from "./hooks";

export function Panel({ title, side, children, wide }: { title: string; side?: ComponentChildren; children: ComponentChildren; wide?: boolean }) {
  return (
    <section class={wide ? "panel wide" : "panel"} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {side}
      </header>
      {children}
    </section>
  );
}

export function Tile({ label, value, note, tone }: { label: string; value: string; note?: string; tone?: "good" | "bad" }) {
  return (
    <div class={tone ? `tile ${tone}` : "tile"}>
      <span class="label">{label}</span>
      <span class="value">{value}</span>
      <span class="note">{note ?? " "}</span>
    </div>
  );
}

/** Shows what was loaded; an error stays beside the last good answer. */
export function Loading<T>({ of, empty, children }: { of: Loaded<T>; empty?: string; children: (data: T) => ComponentChildren }) {
  return (
    <>
      {of.error && (
        <p class="error" role="alert">
          {of.error.message}
        </p>
      )}
      {of.data !== undefined ? children(of.data) : of.loading ? <p class="quiet" role="status">Loading …</p> : !of.error && <p class="quiet">{empty ?? "Nothing yet."}</p>}
    </>
  );
}

/** A bar of part of a whole; the number beside it is the text, the bar is decoration. */
export function Meter({ part, tone }: { part: number; tone?: string }) {
  return (
    <span class="meter" aria-hidden="true">
      <span class={tone} style={{ width: `${Math.max(0, Math.min(100, 100 * part))}%` }} />
    </span>
  );
}
