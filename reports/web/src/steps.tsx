// The scenario's steps and, for those that did not hold, why.
import { isRed, Model, Step } from "./data";
import { between, many } from "./format";
import { Badge, EventLinks, MacLink, Select } from "./parts";

function Source({ step }: { step: Step }) {
  if (!step.source) return null;
  const gutter = String(step.line);
  return (
    <pre class="source">
      <span class="gutter">{gutter} │ </span>
      {step.source}
      {step.column > 0 && (
        <>
          {"\n"}
          <span class="gutter">{" ".repeat(gutter.length)} │ </span>
          {" ".repeat(step.column - 1)}
          <span class="caret">{"^".repeat(Math.max(1, (step.title.split(":")[0] ?? "").length))}</span>
        </>
      )}
    </pre>
  );
}

function Failures({ model, step, select }: { model: Model; step: Step; select: Select }) {
  const rest = step.macs - step.macs_held - step.failures.length;
  return (
    <ul class="findings">
      {step.failures.map((f) => (
        <li key={f.mac}>
          <MacLink model={model} name={f.mac} event={f.around[0] ?? 0} select={select} /> {f.reason}
          {f.nearest && <div class="muted">{f.nearest}</div>}
          {f.around.length > 0 && (
            <div class="muted">
              In the trace: <EventLinks model={model} numbers={f.around} mac={f.mac} select={select} />
            </div>
          )}
        </li>
      ))}
      {step.failures.length > 0 && rest > 0 && <li class="muted">and {many(rest, "more Mac", "more Macs")}</li>}
    </ul>
  );
}

function Row({ model, step, select }: { model: Model; step: Step; select: Select }) {
  return (
    <details class="row step" open={isRed(step.verdict)}>
      <summary>
        <Badge verdict={step.verdict} />
        <span class="title">{step.title}</span>
        <span class="place mono">
          {step.file}:{step.line}
        </span>
        <span class="num">
          {step.macs > 0 ? `${step.macs_held} of ${step.macs}` : ""}
        </span>
        <span class="num">{step.verdict === "blocked" ? "" : between(step.began, step.ended)}</span>
      </summary>
      <div class="inside">
        {step.reason && <p>{step.reason}</p>}
        <Source step={step} />
        <Failures model={model} step={step} select={select} />
        {step.first_event > 0 && (
          <p class="muted">
            Events{" "}
            <EventLinks model={model} numbers={[...new Set([step.first_event, step.last_event])]} mac="" select={select} />
          </p>
        )}
      </div>
    </details>
  );
}

export function Steps({ model, select }: { model: Model; select: Select }) {
  const steps = model.run.steps;
  return (
    <section id="steps" aria-labelledby="steps-title">
      <h2 id="steps-title">Steps</h2>
      {steps.length === 0 && <p class="muted">This run had no steps.</p>}
      <div class="rows">
        {steps.map((s, i) => (
          <Row key={i} model={model} step={s} select={select} />
        ))}
      </div>
    </section>
  );
}
