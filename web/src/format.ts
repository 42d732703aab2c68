const numbers = (digits: number) => new Intl.NumberFormat("en", { maximumFractionDigits: digits });
const whole = numbers(0);
const one = numbers(1);
const three = numbers(3);

export const count = (value: number) => whole.format(value);

export function number(value: number | undefined | null): string {
  if (value === undefined || value === null || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const text = (size >= 100 ? whole : size >= 10 ? one : three).format(value);
  return text === "-0" ? "0" : text;
}

export const ms = (value: number | undefined | null) => (value === undefined || value === null ? "–" : value >= 1000 ? `${number(value / 1000)} s` : `${number(value)} ms`);

export const percent = (value: number | undefined | null) => (value === undefined || value === null ? "–" : `${one.format(value)} %`);

export function bytes(value: number | undefined | null): string {
  if (value === undefined || value === null) return "–";
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${number(value)} ${units[unit]}`;
}

export const time = (value: string | number) => new Date(value).toLocaleTimeString("en-GB");

export const dateTime = (value: string | number) => new Date(value).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
