// Which Mac and which event are chosen; kept in the address so that a link shows the same.
import { Model } from "./data";

export interface Selection {
  mac: string;
  event: number;
}

export function fromHash(model: Model, hash: string): Selection | undefined {
  const match = /^#([^/]+)(?:\/(\d+))?$/.exec(hash);
  if (!match) return undefined;
  let mac: string;
  try {
    mac = decodeURIComponent(match[1]!);
  } catch {
    return undefined;
  }
  return model.macByName.has(mac) ? { mac, event: Number(match[2] ?? 0) } : undefined;
}

export const toHash = (s: Selection) => `#${encodeURIComponent(s.mac)}${s.event > 0 ? `/${s.event}` : ""}`;

/** A failed run opens where it failed; any other at its first Mac. */
export function initial(model: Model): Selection | undefined {
  for (const step of model.run.steps)
    for (const f of step.failures) if (model.macByName.has(f.mac)) return { mac: f.mac, event: f.around[0] ?? 0 };
  for (const check of model.run.checks)
    if (check.verdict === "fail" || check.verdict === "error")
      for (const f of check.findings) if (model.macByName.has(f.mac)) return { mac: f.mac, event: f.event };
  const first = model.macs.find((m) => m.events.length > 0);
  return first && { mac: first.name, event: 0 };
}

/** The Mac an event shows in: its own, or the one a finding names. */
export function macFor(model: Model, event: number, named: string): string {
  const own = model.byNumber.get(event)?.mac ?? -1;
  return model.macs[own]?.name ?? named;
}
