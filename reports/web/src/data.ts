// The run as the page's data element has it, and what the views look up in it.

export type Verdict = "pass" | "fail" | "warn" | "lenient" | "n/a" | "blocked" | "error";

export interface MacFailure {
  mac: string;
  reason: string;
  nearest: string;
  around: number[];
}

export interface Step {
  title: string;
  file: string;
  line: number;
  column: number;
  source: string;
  verdict: Verdict;
  reason: string;
  macs: number;
  macs_held: number;
  failures: MacFailure[];
  began: string;
  ended: string;
  first_event: number;
  last_event: number;
}

export interface Finding {
  event: number;
  around: number[];
  mac: string;
  expected: string;
  actual: string;
}

export interface Check {
  id: string;
  rule: string;
  level: string;
  basis: string;
  source: string;
  subject: string;
  bugs: string[];
  verdict: Verdict;
  occasions: number;
  violations: number;
  reason: string;
  findings: Finding[];
}

export interface Run {
  version: string;
  name: string;
  about: string;
  file: string;
  seed: number;
  world: string;
  target: string;
  macs: number;
  strict: boolean;
  rerun: string;
  began: string;
  ended: string;
  events: number;
  verdict: Verdict;
  reason: string;
  steps: Step[];
  checks: Check[];
}

export type Kind = "request" | "response" | "failure" | "message" | "state" | "step" | "fact" | "fault";
const kinds: Kind[] = ["request", "response", "failure", "message", "state", "step", "fact", "fault"];

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Detail {
  peer?: string;
  method?: string;
  target?: string;
  tls?: string;
  alpn?: string;
  certificate?: string;
  failure?: string;
  detail?: string;
  name?: string;
  headers?: [string, string][];
  summary?: { [key: string]: Json };
  facts?: { [key: string]: Json };
}

export interface Body {
  sha256: string;
  size: number;
  media: string;
  redacted: boolean;
  too_long?: boolean;
  decoded?: Json;
  text?: string;
  hex?: string;
}

export interface Event {
  number: number;
  ms: number;
  actor: string;
  kind: Kind;
  channel: string;
  label: string;
  status: number;
  cause: number;
  exchange: number;
  body: number;
  end: "" | "client" | "server";
  mac: number;
  step: string;
}

export interface Mac {
  name: string;
  index: number;
  events: Event[];
  failed: boolean;
}

interface Raw {
  run: Run;
  origin: string;
  macs: string[];
  actors: string[];
  channels: string[];
  labels: string[];
  steps: string[];
  events: number[][];
  details: { [number: string]: Detail };
  bodies: Body[];
  omitted: { events: number; macs: number; details: number; bodies: number };
}

export interface Verdicted {
  verdict: Verdict;
  title: string;
  expected: string;
  actual: string;
}

export interface Model extends Omit<Raw, "events" | "macs" | "steps"> {
  events: Event[];
  macs: Mac[];
  byNumber: Map<number, Event>;
  macByName: Map<string, Mac>;
  stepAt: Map<string, Step>;
  /** What checks and steps say about an event, by its number. */
  verdicts: Map<number, Verdicted[]>;
  span: number;
}

export const isRed = (v: Verdict) => v === "fail" || v === "error";

/** No answer, a refusal, or an injected fault: what an eye should find first. */
export const isBad = (e: Event) => e.kind === "failure" || e.kind === "fault" || e.status >= 400;

function decodeEvent(raw: Raw, row: number[]): Event {
  const [number, ms, actor, kind, channel, label, status, cause, exchange, body, end, mac, step] =
    row as [number, number, number, number, number, number, number, number, number, number, number, number, number];
  return {
    number,
    ms,
    actor: raw.actors[actor] ?? "",
    kind: kinds[kind] ?? "fact",
    channel: raw.channels[channel] ?? "",
    label: raw.labels[label] ?? "",
    status,
    cause,
    exchange,
    body,
    end: end === 1 ? "client" : end === 2 ? "server" : "",
    mac,
    step: raw.steps[step] ?? "",
  };
}

function collectVerdicts(run: Run): Map<number, Verdicted[]> {
  const all = new Map<number, Verdicted[]>();
  const add = (event: number, what: Verdicted) => {
    const list = all.get(event);
    if (list) list.push(what);
    else all.set(event, [what]);
  };
  for (const c of run.checks)
    for (const f of c.findings)
      add(f.event, { verdict: c.verdict, title: `${c.id} ${c.rule}`, expected: f.expected, actual: f.actual });
  return all;
}

function redMacs(run: Run): Set<string> {
  const names = new Set<string>();
  for (const s of run.steps) for (const f of s.failures) names.add(f.mac);
  for (const c of run.checks) if (isRed(c.verdict)) for (const f of c.findings) names.add(f.mac);
  return names;
}

export function load(text: string): Model {
  const raw = JSON.parse(text) as Raw;
  const red = redMacs(raw.run);
  const macs: Mac[] = raw.macs.map((name, index) => ({ name, index, events: [], failed: red.has(name) }));
  const events = raw.events.map((row) => decodeEvent(raw, row));
  const byNumber = new Map<number, Event>();
  for (const e of events) {
    byNumber.set(e.number, e);
    macs[e.mac]?.events.push(e);
  }
  const ended = Date.parse(raw.run.ended) - Date.parse(raw.origin);
  return {
    ...raw,
    events,
    macs,
    byNumber,
    macByName: new Map(macs.map((m) => [m.name, m])),
    stepAt: new Map(raw.run.steps.map((s) => [`${s.file}:${s.line}`, s])),
    verdicts: collectVerdicts(raw.run),
    span: Math.max(1, events[events.length - 1]?.ms ?? 0, ended || 0),
  };
}
