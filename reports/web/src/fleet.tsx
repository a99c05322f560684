// The whole fleet: a thin row a Mac, time from left to right.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Event, isBad, Mac, Model } from "./data";
import { count, duration, many } from "./format";
import { Select } from "./parts";
import { Selection } from "./selection";
import { scrollInto, useWindow } from "./virtual";

const rowHeight = 20;
const width = 1000; // of a row's drawing, stretched to the room there is

const series = ["enroll", "scep", "checkin", "mdm", "apns", "other", "state", "bad"] as const;
type Series = (typeof series)[number];
const seriesNames: Record<Series, string> = {
  enroll: "enrollment",
  scep: "SCEP",
  checkin: "check-in",
  mdm: "commands",
  apns: "push",
  other: "other",
  state: "state",
  bad: "refused, failed, fault",
};

function seriesOf(e: Event): Series {
  if (isBad(e)) return "bad";
  if (e.kind === "state") return "state";
  if (e.channel.startsWith("apns")) return "apns";
  return e.channel === "enroll" || e.channel === "scep" || e.channel === "checkin" || e.channel === "mdm" ? e.channel : "other";
}

const isMark = (e: Event) => e.kind !== "fact" && e.kind !== "step";

type Scale = (e: Event) => number;

/** By time, or by order of events: a run of months with busy seconds is readable only in order. */
function makeScale(model: Model, byOrder: boolean): Scale {
  const last = model.events[model.events.length - 1]?.number ?? 1;
  return byOrder ? (e) => (e.number / last) * width : (e) => (e.ms / model.span) * width;
}

/** Time has most events in a sliver of itself: order tells more. */
function isBursty(model: Model): boolean {
  const bins = new Array<number>(50).fill(0);
  for (const e of model.events) bins[Math.min(49, Math.floor((e.ms / model.span) * 50))]! += 1;
  const used = bins.filter((n) => n > 0).length;
  return model.events.length > 50 && used <= 6;
}

function paths(mac: Mac, scale: Scale): { kind: Series; d: string }[] {
  const drawn = new Map<Series, Set<number>>();
  for (const e of mac.events) {
    if (!isMark(e)) continue;
    const kind = seriesOf(e);
    const at = drawn.get(kind) ?? new Set<number>();
    drawn.set(kind, at);
    at.add(Math.round(scale(e) * 2) / 2);
  }
  return series
    .filter((s) => drawn.has(s))
    .map((kind) => ({ kind, d: [...drawn.get(kind)!].map((x) => `M${x} ${kind === "bad" ? 1 : kind === "state" ? 11 : 4}V${kind === "bad" ? 19 : 16}`).join("") }));
}

function nearest(mac: Mac, x: number, scale: Scale): number {
  let best: Event | undefined;
  let distance = Infinity;
  for (const e of mac.events) {
    const d = Math.abs(scale(e) - x) - (isBad(e) ? 2 : 0);
    if (isMark(e) && d < distance) [best, distance] = [e, d];
  }
  return best?.number ?? 0;
}

interface RowProps {
  mac: Mac;
  scale: Scale;
  cursor: Event | undefined;
  chosen: boolean;
  top: number;
  pick: (event: number) => void;
}

function FleetRow({ mac, scale, cursor, chosen, top, pick }: RowProps) {
  const drawn = useMemo(() => paths(mac, scale), [mac, scale]);
  const onClick = (click: MouseEvent) => {
    const svg = (click.currentTarget as HTMLElement).querySelector("svg")!.getBoundingClientRect();
    // A click made by a key has no place.
    if (click.detail === 0 || click.clientX < svg.left) pick(0);
    else pick(nearest(mac, ((click.clientX - svg.left) / svg.width) * width, scale));
  };
  return (
    <button
      type="button"
      class={`fleet-row${chosen ? " chosen" : ""}${mac.failed ? " failed" : ""}`}
      style={{ top: `${top}px` }}
      tabIndex={chosen ? 0 : -1}
      aria-pressed={chosen}
      data-mac={mac.name}
      onClick={onClick}
    >
      <span class="name mono">
        <i class="dot" />
        {mac.name}
      </span>
      <svg viewBox={`0 0 ${width} 20`} preserveAspectRatio="none" aria-hidden="true">
        {drawn.map((p) => (
          <path key={p.kind} class={`s-${p.kind}`} d={p.d} />
        ))}
        {cursor && <path class="s-cursor" d={`M${scale(cursor)} 0V20`} />}
      </svg>
      <span class="num">{count(mac.events.length)}</span>
    </button>
  );
}

const niceMs = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1.5e4, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 216e5, 432e5, 864e5, 1728e5, 6048e5, 2592e6, 7776e6, 31536e6];

function Axis({ model, byOrder }: { model: Model; byOrder: boolean }) {
  const ticks: [number, string][] = [];
  if (byOrder) {
    const last = model.events[model.events.length - 1]?.number ?? 1;
    for (let i = 0; i < 5; ++i) ticks.push([(i / 5) * 100, `#${Math.max(1, Math.round((i / 5) * last))}`]);
  } else {
    const unit = niceMs.find((n) => model.span / n <= 8) ?? model.span;
    for (let at = 0; at < model.span * 0.97; at += unit) ticks.push([(at / model.span) * 100, at === 0 ? "0" : duration(at).replace(/\.0+s$/, "s").replace("m00s", "m").replace("h00m", "h").replace(" 0h", "")]);
  }
  return (
    <div class="axis" aria-hidden="true">
      <span />
      <div>
        {ticks.map(([at, text]) => (
          <span key={at} style={{ left: `${at}%` }}>
            {text}
          </span>
        ))}
      </div>
      <span class="num">events</span>
    </div>
  );
}

export function Fleet({ model, selection, select }: { model: Model; selection: Selection | undefined; select: Select }) {
  const withEvents = useMemo(() => model.macs.filter((m) => m.events.length > 0), [model]);
  const [filter, setFilter] = useState("");
  const [onlyFailed, setOnlyFailed] = useState(false);
  const [byOrder, setByOrder] = useState(() => isBursty(model));
  const scale = useMemo(() => makeScale(model, byOrder), [model, byOrder]);
  const box = useRef<HTMLDivElement>(null);
  const view = useWindow(box);
  const macs = withEvents.filter((m) => (!onlyFailed || m.failed) && m.name.includes(filter));
  const chosenAt = macs.findIndex((m) => m.name === selection?.mac);
  const used = useMemo(() => {
    const seen = new Set<Series>();
    for (const e of model.events) if (e.mac >= 0 && isMark(e)) seen.add(seriesOf(e));
    return series.filter((s) => seen.has(s));
  }, [model]);

  useEffect(() => {
    if (box.current && chosenAt >= 0) scrollInto(box.current, chosenAt * rowHeight, rowHeight, 0, false);
  }, [chosenAt]);

  const onKey = (key: KeyboardEvent) => {
    const to = key.key === "ArrowDown" ? chosenAt + 1 : key.key === "ArrowUp" ? chosenAt - 1 : key.key === "Home" ? 0 : key.key === "End" ? macs.length - 1 : -1;
    const mac = macs[to];
    if (!mac) return;
    key.preventDefault();
    select({ mac: mac.name, event: 0 });
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(".chosen")?.focus({ preventScroll: true }));
  };

  const from = Math.max(0, Math.floor(view.top / rowHeight) - 4);
  const to = Math.min(macs.length, Math.ceil((view.top + view.height) / rowHeight) + 4);
  const anyFailed = withEvents.some((m) => m.failed);
  return (
    <section id="fleet" aria-labelledby="fleet-title">
      <div class="section-head">
        <h2 id="fleet-title">
          Fleet <span class="muted">{many(withEvents.length, "Mac")}</span>
        </h2>
        <div class="tools">
          {withEvents.length > 10 && <input type="search" placeholder="Find a Mac" aria-label="Find a Mac" value={filter} onInput={(e) => setFilter((e.target as HTMLInputElement).value)} />}
          {anyFailed && withEvents.some((m) => !m.failed) && (
            <button type="button" class="chip" aria-pressed={onlyFailed} onClick={() => setOnlyFailed(!onlyFailed)}>
              only failed
            </button>
          )}
          <div class="switch" role="group" aria-label="Left to right">
            <button type="button" aria-pressed={!byOrder} onClick={() => setByOrder(false)}>
              time
            </button>
            <button type="button" aria-pressed={byOrder} onClick={() => setByOrder(true)}>
              order
            </button>
          </div>
        </div>
      </div>
      {withEvents.length === 0 ? (
        <p class="muted">No Mac sent or received anything in this run.</p>
      ) : (
        <div class="card fleet">
          <Axis model={model} byOrder={byOrder} />
          <div class="fleet-box" ref={box} onKeyDown={onKey} role="group" aria-label="Macs" tabIndex={chosenAt < 0 ? 0 : -1}>
            <div style={{ height: `${Math.max(1, macs.length) * rowHeight}px` }}>
              {macs.slice(from, to).map((m, i) => (
                <FleetRow
                  key={m.name}
                  mac={m}
                  scale={scale}
                  chosen={m.name === selection?.mac}
                  cursor={m.name === selection?.mac ? model.byNumber.get(selection.event) : undefined}
                  top={(from + i) * rowHeight}
                  pick={(event) => select({ mac: m.name, event })}
                />
              ))}
              {macs.length === 0 && <p class="muted none">No Mac matches.</p>}
            </div>
          </div>
          <div class="legend">
            {used.map((s) => (
              <span key={s}>
                <i class={`swatch s-${s}`} />
                {seriesNames[s]}
              </span>
            ))}
          </div>
        </div>
      )}
    </section>
  );
}
