// One Mac's session as rows of a sequence diagram.
import { Event, Mac, Model, Step } from "./data";
import { duration } from "./format";

export type Lane = "mac" | "server" | "scep" | "apns" | "abm" | "idp" | "operator";
const laneOrder: Lane[] = ["mac", "server", "scep", "apns", "abm", "idp", "operator"];

export interface Arrow {
  type: "arrow";
  event: Event;
  /** The same message as the other end recorded it. */
  twin?: Event;
  /** What Pomona did to the message on its way. */
  fault?: string;
  from: Lane;
  to: Lane;
}
export interface Note {
  type: "note";
  event: Event;
  lane: Lane;
}
export type Row = Arrow | Note | { type: "step"; place: string; step?: Step } | { type: "gap"; text: string };

export interface Session {
  lanes: Lane[];
  rows: Row[];
  /** Row by event number; both ends of a message have the same. */
  rowOf: Map<number, number>;
}

/** A pause long enough that the reader should see it. */
const gapMs = 5000;

function serviceLane(channel: string): Lane {
  if (channel.startsWith("apns")) return "apns";
  if (channel === "scep" || channel === "abm" || channel === "idp") return channel;
  return "server";
}

function clientLane(e: Event): Lane {
  if (e.end === "client") return actorLane(e.actor);
  if (e.channel === "apns" || e.channel === "abm") return "server";
  return e.channel === "api" ? "operator" : "mac";
}

function actorLane(actor: string): Lane {
  switch (actor) {
    case "server":
    case "provider":
    case "proxy":
      return "server";
    case "ca":
      return "scep";
    case "apns":
    case "abm":
    case "idp":
    case "operator":
      return actor;
    case "runner":
      return "operator";
    default:
      return "mac";
  }
}

const isMessage = (e: Event) =>
  e.kind === "request" || e.kind === "response" || e.kind === "failure" || e.kind === "message";

/** Pairs the two ends of each message. The client's record stands for both. */
function pairEnds(events: Event[]): Map<Event, Event | undefined> {
  const shown = new Map<Event, Event | undefined>();
  const waiting = new Map<string, Event[]>();
  for (const e of events) {
    if (!isMessage(e)) continue;
    shown.set(e, undefined);
    if (e.exchange < 0 || e.kind === "failure") continue;
    const key = `${e.exchange}/${e.kind}/${e.kind === "message" ? e.body : ""}`;
    const queue = waiting.get(key) ?? [];
    waiting.set(key, queue);
    const at = queue.findIndex((other) => other.end !== e.end);
    if (at < 0) {
      queue.push(e);
      continue;
    }
    const other = queue.splice(at, 1)[0]!;
    const [kept, hidden] = e.end === "client" ? [e, other] : [other, e];
    shown.set(kept, hidden);
    shown.delete(hidden);
  }
  return shown;
}

function arrowOf(event: Event, twin: Event | undefined): Arrow {
  const client = clientLane(event);
  const service = serviceLane(event.channel);
  const back = event.kind === "response" || event.kind === "message" || event.kind === "failure";
  return { type: "arrow", event, twin, from: back ? service : client, to: back ? client : service };
}

export function buildSession(model: Model, mac: Mac): Session {
  const shown = pairEnds(mac.events);
  const rows: Row[] = [];
  const rowOf = new Map<number, number>();
  let place = "";
  let last = -1;
  for (const event of mac.events) {
    const isArrow = shown.has(event);
    // A fact is told with the message it is about.
    if (isMessage(event) ? !isArrow : event.kind === "fact" || event.kind === "step") continue;
    if (event.step !== "" && event.step !== place) {
      place = event.step;
      rows.push({ type: "step", place, step: model.stepAt.get(place) });
    }
    if (last >= 0 && event.ms - last >= gapMs) rows.push({ type: "gap", text: `${duration(event.ms - last)} later` });
    last = event.ms;
    const twin = shown.get(event);
    rowOf.set(event.number, rows.length);
    if (twin) rowOf.set(twin.number, rows.length);
    rows.push(isArrow ? arrowOf(event, twin) : { type: "note", event, lane: actorLane(event.actor) });
  }
  for (const e of mac.events) {
    const row = rowOf.get(e.cause);
    if (e.kind === "fact" && row !== undefined && !rowOf.has(e.number)) rowOf.set(e.number, row);
  }
  for (const e of mac.events) {
    const row = e.kind === "fault" ? rows[rowOf.get(e.cause) ?? -1] : undefined;
    if (row?.type === "arrow") row.fault = e.label;
  }
  const used = new Set<Lane>(["mac", "server"]);
  for (const r of rows) {
    if (r.type === "arrow") used.add(r.from).add(r.to);
    if (r.type === "note") used.add(r.lane);
  }
  return { lanes: laneOrder.filter((l) => used.has(l)), rows, rowOf };
}
