import { useEffect, useState } from "preact/hooks";

const KEY = "fettle-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const watchers = new Set<() => void>();

export const theme = (): "light" | "dark" => (localStorage.getItem(KEY) as "light" | "dark" | null) ?? (dark.matches ? "dark" : "light");

export function applyTheme() {
  document.documentElement.dataset.theme = theme();
  watchers.forEach((watcher) => watcher());
}

export function toggleTheme() {
  localStorage.setItem(KEY, theme() === "dark" ? "light" : "dark");
  applyTheme();
}

dark.addEventListener("change", applyTheme);

export function useTheme() {
  const [now, set] = useState(theme());
  useEffect(() => {
    const watcher = () => set(theme());
    watchers.add(watcher);
    return () => void watchers.delete(watcher);
  }, []);
  return now;
}
