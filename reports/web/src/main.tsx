// The report page: reads the data element and draws the views.
import { render } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Checks } from "./checks";
import { load, Mac, Model } from "./data";
import { Fleet } from "./fleet";
import { count, many } from "./format";
import { Header } from "./header";
import { Message } from "./message";
import { Select } from "./parts";
import { fromHash, initial, Selection, toHash } from "./selection";
import { Sequence } from "./sequence";
import { buildSession } from "./session";
import { Steps } from "./steps";

function SessionView({ model, mac, event, select }: { model: Model; mac: Mac; event: number; select: Select }) {
  const session = useMemo(() => buildSession(model, mac), [model, mac]);
  const chosenRow = session.rowOf.get(event) ?? -1;
  const row = session.rows[chosenRow];
  const chosen = row && (row.type === "arrow" || row.type === "note") ? row.event : model.byNumber.get(event);
  return (
    <section id="session" aria-labelledby="session-title">
      <div class="section-head">
        <h2 id="session-title">
          <span class="mono">{mac.name}</span> <span class="muted">{many(mac.events.length, "event")}</span>
        </h2>
      </div>
      <div class="session card">
        <Sequence model={model} mac={mac} session={session} chosenRow={chosenRow} select={select} />
        <div class="pane" aria-live="polite">
          {chosen ? (
            <Message key={chosen.number} model={model} event={chosen} twin={row?.type === "arrow" ? row.twin : undefined} mac={mac.name} select={select} />
          ) : (
            <p class="muted hint">Choose a message to read it. The arrow keys go from one to the next.</p>
          )}
        </div>
      </div>
    </section>
  );
}

function LeftOut({ model }: { model: Model }) {
  const o = model.omitted;
  const parts = [];
  if (o.events > 0) parts.push(`${many(o.events, "event")}${o.macs > 0 ? ` (all of ${many(o.macs, "Mac")})` : ""}`);
  if (o.details > 0) parts.push(`headers of ${many(o.details, "event")}`);
  if (o.bodies > 0) parts.push(many(o.bodies, "body", "bodies"));
  if (parts.length === 0) return null;
  return <p class="callout plain">Left out to keep this page small: {parts.join(", ")}. Everything is in the run folder this page came from.</p>;
}

function App({ model }: { model: Model }) {
  const [selection, setSelection] = useState<Selection | undefined>(() => fromHash(model, location.hash) ?? initial(model));
  const current = useRef(selection);
  current.current = selection;

  const select = useCallback<Select>((wanted, reveal) => {
    // An event of no Mac (a server's own) is read beside the Mac that is open.
    const mac = wanted.mac || (current.current?.mac ?? "");
    const s = { mac, event: wanted.event };
    setSelection(s);
    history.replaceState(null, "", toHash(s));
    if (reveal) document.getElementById("session")?.scrollIntoView({ behavior: "smooth", block: "start" });
  }, []);

  useEffect(() => {
    const follow = () => {
      const next = fromHash(model, location.hash);
      if (next) setSelection(next);
    };
    addEventListener("hashchange", follow);
    if (fromHash(model, location.hash)) document.getElementById("session")?.scrollIntoView({ block: "start" });
    return () => removeEventListener("hashchange", follow);
  }, [model]);

  const mac = selection && model.macByName.get(selection.mac);
  return (
    <>
      <main>
        <Header run={model.run} />
        <Steps model={model} select={select} />
        <Checks model={model} select={select} />
        <LeftOut model={model} />
        <Fleet model={model} selection={selection} select={select} />
        {mac && <SessionView key={mac.name} model={model} mac={mac} event={selection.event} select={select} />}
      </main>
      <footer class="muted">
        Pomona {model.run.version} · {count(model.run.events)} events · this file needs nothing but itself
      </footer>
    </>
  );
}

const data = document.getElementById("data");
const app = document.getElementById("app");
if (data && app) render(<App model={load(data.textContent ?? "")} />, app);
