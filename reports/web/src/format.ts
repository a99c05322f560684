// Numbers and times in words.

/** "340ms", "1.20s", "2m05s", "3h04m", "180d 2h". */
export function duration(ms: number): string {
  if (ms < 1) return ms === 0 ? "0" : `${Math.max(1, Math.round(ms * 1000))}µs`;
  if (ms < 1000) return `${Math.round(ms)}ms`;
  const s = ms / 1000;
  if (s < 60) return `${s < 10 ? s.toFixed(2) : s.toFixed(1)}s`;
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  if (s < 3600) return `${Math.floor(s / 60)}m${two(s % 60)}s`;
  if (s < 86400) return `${Math.floor(s / 3600)}h${two((s % 3600) / 60)}m`;
  return `${Math.floor(s / 86400)}d ${Math.floor((s % 86400) / 3600)}h`;
}

export const between = (began: string, ended: string) => duration(Math.max(0, Date.parse(ended) - Date.parse(began)));

export const moment = (rfc3339: string) => rfc3339.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");

export const count = (n: number) => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");

export const many = (n: number, one: string, more = `${one}s`) => `${count(n)} ${n === 1 ? one : more}`;

export function bytes(n: number): string {
  if (n < 1024) return many(n, "byte");
  return n < 1024 * 1024 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / 1024 / 1024).toFixed(1)} MiB`;
}
