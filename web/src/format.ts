const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const one = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const three = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

export const count = (value: number) => whole.format(value);

export function number(value: number | undefined | null): string {
  if (value === undefined || value === null || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  return size < 5e-5 ? "0" : (size >= 100 ? whole : three).format(value).replace("-", "\u2212");
}

export const ms = (value: number | undefined | null) => (value === undefined || value === null ? "–" : value >= 1000 ? `${number(value / 1000)} s` : `${number(value)} ms`);

/** How long something lasts, in the largest unit that leaves a number one can picture. */
export function duration(value: number | undefined | null): string {
  if (value === undefined || value === null || value < 60_000) return ms(value);
  const minutes = value / 60_000;
  return minutes < 60 ? `${number(minutes < 10 ? Math.round(10 * minutes) / 10 : Math.round(minutes))} min` : minutes < 48 * 60 ? `${number(minutes / 60)} h` : `${number(minutes / 1440)} days`;
}

export const percent = (value: number | undefined | null) =>
  value === undefined || value === null ? "–" : value === 0 || value === 100 ? `${value} %` : `${one.format(value).replace("-", "\u2212")} %`;

export function bytes(value: number | undefined | null): string {
  if (value === undefined || value === null) return "–";
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${number(value)} ${units[unit]}`;
}

export const time = (value: string | number) => new Date(value).toLocaleTimeString("en-GB");

export const dateTime = (value: string | number) => new Date(value).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
