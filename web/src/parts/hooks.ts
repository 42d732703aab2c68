import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Component, h, type ComponentType, type JSX } from "preact";

export interface Loaded<T> {
  data?: T;
  error?: Error;
  loading: boolean;
  reload: () => void;
}

/** Loads when the dependencies change and, with an interval, again and again; what is shown stays until the next answer is there. */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, dependencies: unknown[], everyMs = 0): Loaded<T> {
  const [state, setState] = useState<{ data?: T; error?: Error; loading: boolean }>({ loading: true });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const control = new AbortController();
    let timer = 0;
    const once = async () => {
      try {
        const data = await load(control.signal);
        if (!control.signal.aborted) setState({ data, loading: false });
      } catch (error) {
        if (!control.signal.aborted) setState((before) => ({ data: before.data, error: error as Error, loading: false }));
      }
      if (everyMs && !control.signal.aborted) timer = window.setTimeout(once, everyMs);
    };
    void once();
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [...dependencies, round]);
  return { ...state, reload: useCallback(() => setRound((n) => n + 1), []) };
}

/** The value once it has not changed for a while. */
export function useDebounced<T>(value: T, waitMs: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), waitMs);
    return () => clearTimeout(timer);
  }, [value, waitMs]);
  return settled;
}

/** Renders again only when a property changed. */
export function memo<P extends object>(render: (props: P) => JSX.Element): ComponentType<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: P) {
      const now = this.props as Record<string, unknown>;
      const then = next as Record<string, unknown>;
      return Object.keys({ ...now, ...then }).some((key) => key !== "children" && now[key] !== then[key]);
    }
    override render() {
      return render(this.props as P);
    }
  };
}

/** A page in a file of its own, fetched when it is first shown. */
export function lazy(load: () => Promise<{ default: ComponentType }>): ComponentType {
  let page: ComponentType | undefined;
  return function Lazy() {
    const [, update] = useState(0);
    const [failed, setFailed] = useState(false);
    const mounted = useRef(true);
    useEffect(() => {
      mounted.current = true;
      if (!page) {
        load().then(
          (module) => {
            page = module.default;
            if (mounted.current) update(1);
          },
          () => mounted.current && setFailed(true),
        );
      }
      return () => void (mounted.current = false);
    }, []);
    if (failed) return h("p", { role: "alert", class: "error" }, "This page could not be loaded: reload when the service answers again.");
    return page ? h(page, null) : h("p", { class: "quiet", role: "status" }, "Loading …");
  };
}
