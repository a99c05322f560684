// The chosen event in full: what was said, how it was carried, what is known about it.
import { Fragment } from "preact";
import { Body, Detail, Event, Json, Model } from "./data";
import { bytes, duration } from "./format";
import { Badge, CopyButton, EventLinks, Select } from "./parts";
import { Tree } from "./tree";

function hexDump(hex: string): string {
  const lines = [];
  for (let at = 0; at < hex.length; at += 32) {
    const pairs = hex.slice(at, at + 32).match(/../g) ?? [];
    const text = pairs.map((p) => parseInt(p, 16)).map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : "·")).join("");
    lines.push(`${(at / 2).toString(16).padStart(4, "0")}  ${pairs.join(" ").padEnd(47)}  ${text}`);
  }
  return lines.join("\n");
}

function BodyView({ body }: { body: Body }) {
  const text = body.decoded !== undefined ? JSON.stringify(body.decoded, null, 2) : (body.text ?? hexDump(body.hex ?? ""));
  return (
    <section class="part message-body">
      <div class="part-head">
        <h4>Message</h4>
        <span class="muted">
          {bytes(body.size)}
          {body.media && ` · ${body.media}`}
          {body.redacted && " · secrets replaced"}
        </span>
        {!body.too_long && <CopyButton text={() => text} what="the message" />}
      </div>
      {body.too_long && (
        <p class="muted">
          Too long for this page; it is in the run folder: bodies/<wbr />
          {body.sha256}
        </p>
      )}
      {body.decoded !== undefined && <Tree value={body.decoded} />}
      {body.text !== undefined && <pre class="raw">{body.text}</pre>}
      {body.hex !== undefined && (
        <>
          <pre class="raw">{text}</pre>
          {body.size * 2 > body.hex.length && <p class="muted">The first {bytes(body.hex.length / 2)}.</p>}
        </>
      )}
    </section>
  );
}

const asText = (j: Json): string => (Array.isArray(j) ? j.map(asText).join(", ") : typeof j === "string" ? j : JSON.stringify(j));

function Pairs({ title, pairs }: { title: string; pairs: [string, Json][] }) {
  if (pairs.length === 0) return null;
  return (
    <section class="part">
      <div class="part-head">
        <h4>{title}</h4>
      </div>
      <dl class="pairs mono">
        {pairs.map(([name, value], i) => (
          <Fragment key={i}>
            <dt>{name}</dt>
            <dd>{asText(value) === "" ? <span class="muted">empty</span> : asText(value)}</dd>
          </Fragment>
        ))}
      </dl>
    </section>
  );
}

function transportPairs(d: Detail): [string, Json][] {
  const pairs: [string, Json][] = [];
  if (d.tls) pairs.push(["TLS", d.tls]);
  if (d.alpn) pairs.push(["ALPN", d.alpn]);
  if (d.certificate) pairs.push(["client certificate", `SHA-256 ${d.certificate}`]);
  if (d.peer) pairs.push(["peer", d.peer]);
  return pairs;
}

function Related({ model, event, twin, mac, select }: { model: Model; event: Event; twin: Event | undefined; mac: string; select: Select }) {
  const numbers = new Set([event.number, twin?.number ?? -1]);
  const led = model.macs[event.mac]?.events.filter((e) => numbers.has(e.cause) && !numbers.has(e.number) && e.kind !== "fact").map((e) => e.number) ?? [];
  const links: [string, number[]][] = [
    ["because of", event.cause > 0 ? [event.cause] : []],
    ["led to", led.slice(0, 12)],
    [`also recorded by ${twin?.actor ?? ""}`, twin ? [twin.number] : []],
  ];
  const shown = links.filter(([, n]) => n.length > 0);
  if (shown.length === 0) return null;
  return (
    <p class="related">
      {shown.map(([word, n]) => (
        <span key={word}>
          <span class="muted">{word}</span> {word.startsWith("also") ? <span>#{n[0]}</span> : <EventLinks model={model} numbers={n} mac={mac} select={select} />}
        </span>
      ))}
    </p>
  );
}

/** Facts of the message itself, of its other end, and those recorded later about either. */
function factsOf(model: Model, event: Event, twin: Event | undefined): [string, Json][] {
  const about = [event, ...(twin ? [twin] : [])];
  const later = model.macs[event.mac]?.events.filter((e) => e.kind === "fact" && about.some((a) => a.number === e.cause)) ?? [];
  const all = new Map<string, Json>();
  for (const e of [...about, ...later])
    for (const [name, value] of Object.entries(model.details[e.number]?.facts ?? {})) {
      const key = e.kind === "fact" ? `${e.label}: ${name}` : name;
      if (!all.has(key)) all.set(key, value);
    }
  return [...all];
}

export function Message({ model, event, twin, mac, select }: { model: Model; event: Event; twin: Event | undefined; mac: string; select: Select }) {
  const detail: Detail | undefined = model.details[event.number] ?? (twin && model.details[twin.number]);
  const body = model.bodies[event.body] ?? (twin && model.bodies[twin.body]);
  const found = [...(model.verdicts.get(event.number) ?? []), ...((twin && model.verdicts.get(twin.number)) ?? [])];
  return (
    <article class="message">
      <h3>{event.label}</h3>
      <p class="muted meta">
        #{event.number} · {duration(event.ms)} · {event.actor}
        {event.channel && ` · ${event.channel}`} · {event.kind}
        {event.status > 0 && ` ${event.status}`}
      </p>
      {found.map((f, i) => (
        <div key={i} class={`callout ${f.verdict === "fail" || f.verdict === "error" ? "red" : "amber"}`}>
          <div>
            <Badge verdict={f.verdict} /> {f.title}
          </div>
          <div class="compare">
            <span class="muted">expected</span> <span>{f.expected}</span>
            <span class="muted">got</span> <span class="actual">{f.actual}</span>
          </div>
        </div>
      ))}
      {detail?.method && (
        <p class="request-line mono">
          {detail.method} {detail.target}
        </p>
      )}
      {detail?.detail && <p>{detail.detail}</p>}
      {body && <BodyView body={body} />}
      {detail && (
        <>
          <Pairs title="Facts" pairs={factsOf(model, event, twin)} />
          <Pairs title={event.kind === "state" || event.kind === "fault" ? "Details" : "In short"} pairs={Object.entries(detail.summary ?? {})} />
          <Pairs title="Headers" pairs={detail.headers ?? []} />
          <Pairs title="Connection" pairs={transportPairs(detail)} />
        </>
      )}
      {!detail && <p class="muted">Headers and body of this message were left out to keep the page small; they are in the run folder.</p>}
      <Related model={model} event={event} twin={twin} mac={mac} select={select} />
    </article>
  );
}
