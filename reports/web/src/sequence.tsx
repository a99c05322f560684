// One Mac's session as a sequence diagram. Rows have fixed heights, so that only those in view need to exist.
import { useEffect, useMemo, useRef } from "preact/hooks";
import { isBad, Mac, Model } from "./data";
import { duration } from "./format";
import { Badge, Select, verdictClass } from "./parts";
import { Arrow, Lane, Note, Row, Session } from "./session";
import { indexAt, scrollInto, useWindow } from "./virtual";

const heights = { arrow: 38, note: 32, step: 40, gap: 26 };
const headHeight = 40;

const laneNames: Record<Lane, string> = {
  mac: "Mac",
  server: "Server",
  scep: "SCEP",
  apns: "APNs",
  abm: "ABM",
  idp: "Sign-in",
  operator: "Operator",
};

const center = (lanes: Lane[], lane: Lane) => ((lanes.indexOf(lane) + 0.5) / lanes.length) * 100;

/** A note on an outer lane grows inwards, so that it covers no number and is not cut off. */
const edge = (lanes: Lane[], lane: Lane) => (lane === lanes[0] ? " first" : lane === lanes[lanes.length - 1] ? " last" : "");

interface RowProps<R> {
  row: R;
  lanes: Lane[];
  chosen: boolean;
  verdict: string;
  pick: (event: number) => void;
}

function Gutter({ ms, number }: { ms: number; number: number }) {
  return (
    <span class="when">
      <span class="num">{duration(ms)}</span>
      <span class="num muted">#{number}</span>
    </span>
  );
}

function channelClass(channel: string): string {
  return channel.startsWith("apns") ? "c-apns" : `c-${channel || "other"}`;
}

function ArrowRow({ row, lanes, chosen, verdict, pick }: RowProps<Arrow>) {
  const from = center(lanes, row.from);
  const to = center(lanes, row.to);
  const place = { left: `${Math.min(from, to)}%`, width: `${Math.abs(to - from)}%` };
  const e = row.event;
  const shape = `${to > from ? "rightward" : "leftward"} k-${e.kind} ${channelClass(e.channel)}${isBad(e) ? " bad" : ""}`;
  const spoken = `#${e.number}, ${e.kind} from ${laneNames[row.from]} to ${laneNames[row.to]}: ${e.label}`;
  return (
    <button type="button" class={`seq-row arrow${chosen ? " chosen" : ""} ${verdict}`} tabIndex={chosen ? 0 : -1} aria-label={spoken} aria-pressed={chosen} data-event={e.number} onClick={() => pick(e.number)}>
      <Gutter ms={e.ms} number={e.number} />
      <span class="lanes">
        <span class={`line ${shape}`} style={place} />
        <span class={`text ${shape}`} style={place}>
          <span>
            {e.kind === "failure" ? `✕ ${e.label}` : e.label}
            {row.fault && <em class="injected"> ↯ {row.fault}</em>}
          </span>
        </span>
      </span>
    </button>
  );
}

function NoteRow({ row, lanes, chosen, verdict, pick }: RowProps<Note>) {
  const e = row.event;
  return (
    <button type="button" class={`seq-row note${chosen ? " chosen" : ""} ${verdict}`} tabIndex={chosen ? 0 : -1} aria-label={`#${e.number}, ${e.kind} of ${e.actor}: ${e.label}`} aria-pressed={chosen} data-event={e.number} onClick={() => pick(e.number)}>
      <Gutter ms={e.ms} number={e.number} />
      <span class="lanes">
        <span class={`pill k-${e.kind}${edge(lanes, row.lane)}`} style={{ left: `${center(lanes, row.lane)}%` }}>
          {e.kind === "fault" ? `fault: ${e.label}` : e.label}
        </span>
      </span>
    </button>
  );
}

function StepRow({ row }: { row: Extract<Row, { type: "step" }> }) {
  return (
    <div class="seq-row step-line">
      {row.step && <Badge verdict={row.step.verdict} />}
      <span class="title">{row.step?.title ?? "step"}</span>
      <span class="mono muted">{row.place}</span>
    </div>
  );
}

interface Props {
  model: Model;
  mac: Mac;
  session: Session;
  chosenRow: number;
  select: Select;
}

export function Sequence({ model, mac, session, chosenRow, select }: Props) {
  const { rows, lanes } = session;
  const box = useRef<HTMLDivElement>(null);
  const view = useWindow(box);
  const byKey = useRef(false);
  const offsets = useMemo(() => {
    let at = 0;
    return rows.map((r) => (at += heights[r.type]) - heights[r.type]);
  }, [rows]);
  const total = (offsets[rows.length - 1] ?? 0) + heights.arrow + 8;

  useEffect(() => {
    if (!box.current) return;
    const row = rows[chosenRow];
    if (!row) {
      box.current.scrollTop = 0;
      return;
    }
    const top = offsets[chosenRow]!;
    const inView = top >= box.current.scrollTop && top + heights[row.type] <= box.current.scrollTop + box.current.clientHeight - headHeight;
    scrollInto(box.current, top, heights[row.type], headHeight, !inView && !byKey.current);
    byKey.current = false;
  }, [mac, chosenRow]);

  const pick = (event: number) => select({ mac: mac.name, event });
  const onKey = (key: KeyboardEvent) => {
    const step = key.key === "ArrowDown" ? 1 : key.key === "ArrowUp" ? -1 : 0;
    if (step === 0) return;
    key.preventDefault();
    for (let at = (chosenRow < 0 && step < 0 ? rows.length : chosenRow) + step; at >= 0 && at < rows.length; at += step) {
      const row = rows[at]!;
      if (row.type === "arrow" || row.type === "note") {
        byKey.current = true;
        pick(row.event.number);
        requestAnimationFrame(() => requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(".seq-row.chosen")?.focus({ preventScroll: true })));
        return;
      }
    }
  };

  const verdictOf = (row: Arrow | Note) => {
    const all = [row.event.number, ...(row.type === "arrow" && row.twin ? [row.twin.number] : [])].flatMap((n) => model.verdicts.get(n) ?? []);
    const worst = all.find((v) => v.verdict === "fail" || v.verdict === "error") ?? all[0];
    return worst ? `found ${verdictClass(worst.verdict)}` : "";
  };
  const from = Math.max(0, indexAt(offsets, view.top) - 6);
  const to = Math.min(rows.length, indexAt(offsets, view.top + view.height) + 8);
  return (
    <div class="sequence" ref={box} tabIndex={chosenRow < 0 ? 0 : -1} onKeyDown={onKey} role="group" aria-label={`Messages of ${mac.name}`}>
      <div class="lane-heads">
        <span class="when" />
        <span class="lanes">
          {lanes.map((l) => (
            <span key={l} class="lane-head" style={{ left: `${center(lanes, l)}%` }}>
              {l === "mac" ? mac.name : laneNames[l]}
            </span>
          ))}
        </span>
      </div>
      <div class="seq-body" style={{ height: `${total}px` }}>
        <div class="lifelines" aria-hidden="true">
          {lanes.map((l) => (
            <i key={l} style={{ left: `${center(lanes, l)}%` }} />
          ))}
        </div>
        {rows.slice(from, to).map((row, i) => {
          const at = from + i;
          const common = { lanes, chosen: at === chosenRow, pick };
          return (
            <div key={at} class="placed" style={{ top: `${offsets[at]}px`, height: `${heights[row.type]}px` }}>
              {row.type === "arrow" && <ArrowRow row={row} verdict={verdictOf(row)} {...common} />}
              {row.type === "note" && <NoteRow row={row} verdict={verdictOf(row)} {...common} />}
              {row.type === "step" && <StepRow row={row} />}
              {row.type === "gap" && <div class="seq-row gap muted">{row.text}</div>}
            </div>
          );
        })}
      </div>
    </div>
  );
}
