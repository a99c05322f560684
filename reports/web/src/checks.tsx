// The checks, by whom they judge; chips choose which verdicts are shown.
import { useState } from "preact/hooks";
import { Check, isRed, Model, Verdict } from "./data";
import { many } from "./format";
import { Badge, EventLinks, MacLink, Select, verdictClass } from "./parts";

const order: Verdict[] = ["fail", "error", "warn", "lenient", "pass", "blocked", "n/a"];
const openAtFirst = 5;

function Inside({ model, check, select }: { model: Model; check: Check; select: Select }) {
  const rest = check.violations - check.findings.length;
  return (
    <div class="inside">
      <dl class="pairs">
        <dt>Rule</dt>
        <dd>{check.rule}</dd>
        <dt>Level</dt>
        <dd>{check.level}</dd>
        <dt>Basis</dt>
        <dd>
          {check.basis}: {check.source}
        </dd>
        <dt>Looked at</dt>
        <dd>{check.occasions > 0 ? many(check.occasions, "occasion") : check.reason || "nothing"}</dd>
        {check.bugs.length > 0 && (
          <>
            <dt>Seen as</dt>
            <dd>{check.bugs.join(", ")}</dd>
          </>
        )}
      </dl>
      {check.reason && check.occasions > 0 && <p class="muted">{check.reason}</p>}
      {check.findings.length > 0 && (
        <ul class="findings">
          {check.findings.map((f, i) => (
            <li key={i}>
              <MacLink model={model} name={f.mac} event={f.event} select={select} />{" "}
              <EventLinks model={model} numbers={[f.event]} mac={f.mac} select={select} />
              <div class="compare">
                <span class="muted">expected</span> <span>{f.expected}</span>
                <span class="muted">got</span> <span class="actual">{f.actual}</span>
              </div>
              {f.around.length > 0 && (
                <div class="muted">
                  See also <EventLinks model={model} numbers={f.around} mac={f.mac} select={select} />
                </div>
              )}
            </li>
          ))}
          {rest > 0 && <li class="muted">and {rest} more</li>}
        </ul>
      )}
    </div>
  );
}

function Group({ model, subject, checks, open, select }: { model: Model; subject: string; checks: Check[]; open: Set<string>; select: Select }) {
  return (
    <div class="group">
      <h3>
        {subject} <span class="muted">{checks.length}</span>
      </h3>
      <div class="rows">
        {checks.map((c) => (
          <details class="row check" key={c.id} open={open.has(c.id)}>
            <summary>
              <Badge verdict={c.verdict} />
              <span class="id mono">{c.id}</span>
              <span class="title">{c.rule}</span>
              <span class="num">{c.violations > 0 ? `${c.violations} of ${c.occasions}` : c.occasions > 0 ? `${c.occasions}×` : ""}</span>
            </summary>
            <Inside model={model} check={c} select={select} />
          </details>
        ))}
      </div>
    </div>
  );
}

export function Checks({ model, select }: { model: Model; select: Select }) {
  const all = model.run.checks;
  const present = order.filter((v) => all.some((c) => c.verdict === v));
  // What did not apply is rarely what somebody looks for.
  const [shown, setShown] = useState(() => new Set<Verdict>(present.length > 1 ? present.filter((v) => v !== "n/a") : present));
  const [open] = useState(() => new Set(all.filter((c) => isRed(c.verdict)).slice(0, openAtFirst).map((c) => c.id)));
  const toggle = (v: Verdict) => {
    const next = new Set(shown);
    if (!next.delete(v)) next.add(v);
    setShown(next);
  };
  const visible = all.filter((c) => shown.has(c.verdict));
  visible.sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict) || (a.id < b.id ? -1 : 1));
  const subjects = [...new Set(visible.map((c) => c.subject))];
  return (
    <section id="checks" aria-labelledby="checks-title">
      <div class="section-head">
        <h2 id="checks-title">Checks</h2>
        <div class="chips" role="group" aria-label="Verdicts shown">
          {present.map((v) => (
            <button type="button" key={v} class={`chip ${verdictClass(v)}`} aria-pressed={shown.has(v)} onClick={() => toggle(v)}>
              {v} <b>{all.filter((c) => c.verdict === v).length}</b>
            </button>
          ))}
        </div>
      </div>
      {all.length === 0 && <p class="muted">No checks looked at this run.</p>}
      {subjects.map((s) => (
        <Group key={s} model={model} subject={s} checks={visible.filter((c) => c.subject === s)} open={open} select={select} />
      ))}
      {all.length > 0 && visible.length === 0 && <p class="muted">All verdicts are filtered out.</p>}
    </section>
  );
}
