// What ran and what came of it.
import { isRed, Run, Verdict } from "./data";
import { between, count, many, moment } from "./format";
import { Badge, CopyButton } from "./parts";

const headline: Record<Verdict, string> = {
  pass: "Everything held",
  fail: "Something did not hold",
  warn: "Held, with warnings",
  lenient: "Held, by an accepted alternative",
  "n/a": "Nothing was there to judge",
  blocked: "Could not be judged",
  error: "Could not be carried out",
};

function sentence(run: Run): string {
  const failedSteps = run.steps.filter((s) => isRed(s.verdict)).length;
  const failedChecks = run.checks.filter((c) => isRed(c.verdict)).length;
  const warned = run.checks.filter((c) => c.verdict === "warn").length;
  const parts = [];
  if (failedSteps > 0) parts.push(`${failedSteps} of ${many(run.steps.length, "step")} did not hold`);
  else if (run.steps.length > 0) parts.push(`${many(run.steps.filter((s) => s.verdict === "pass").length, "step")} held`);
  if (failedChecks > 0) parts.push(`${many(failedChecks, "check")} violated`);
  if (warned > 0) parts.push(`${many(warned, "warning")}`);
  const passed = run.checks.filter((c) => c.verdict === "pass").length;
  if (passed > 0) parts.push(`${many(passed, "check")} passed`);
  return parts.join(" · ");
}

export function Header({ run }: { run: Run }) {
  const facts: [string, string][] = [
    ["Target", run.target],
    ["World", `${run.world}${run.strict ? ", strict" : ""}`],
    ["Seed", String(run.seed)],
    ["Macs", count(run.macs)],
    ["Events", count(run.events)],
    ["Duration", between(run.began, run.ended)],
    ["Began", moment(run.began)],
    ["Scenario", run.file],
  ];
  return (
    <header class={`top ${isRed(run.verdict) ? "is-red" : ""}`}>
      <div class="verdict-line">
        <Badge verdict={run.verdict} large />
        <div>
          <strong>{headline[run.verdict]}</strong>
          <span class="muted"> {sentence(run)}</span>
        </div>
      </div>
      <h1>{run.name}</h1>
      {run.about && <p class="about">{run.about}</p>}
      {run.reason && <p class="callout red">Cut off: {run.reason}</p>}
      <dl class="facts">
        {facts
          .filter(([, value]) => value !== "")
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      {run.rerun && (
        <div class="rerun">
          <span class="muted">Run it again</span>
          <code>{run.rerun}</code>
          <CopyButton text={() => run.rerun} what="the command" />
        </div>
      )}
    </header>
  );
}
