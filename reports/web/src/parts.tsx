// Small pieces that several views use.
import { useEffect, useState } from "preact/hooks";
import { Model, Verdict } from "./data";
import { macFor, Selection } from "./selection";

export type Select = (s: Selection, reveal?: boolean) => void;

export const verdictClass = (v: Verdict) => `v-${v === "n/a" ? "na" : v}`;

export function Badge({ verdict, large }: { verdict: Verdict; large?: boolean }) {
  return <span class={`badge ${verdictClass(verdict)}${large ? " large" : ""}`}>{verdict}</span>;
}

async function toClipboard(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // A page from disk may have no clipboard of its own: the old way still works.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

export function CopyButton({ text, what }: { text: () => string; what: string }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1500);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <button type="button" class="copy" aria-label={`Copy ${what}`} onClick={() => void toClipboard(text()).then(() => setDone(true))}>
      {done ? "Copied" : "Copy"}
    </button>
  );
}

/** "#412", which selects that event. Events that are not in this page are plain text. */
export function EventLinks({ model, numbers, mac, select }: { model: Model; numbers: number[]; mac: string; select: Select }) {
  return (
    <span class="event-links">
      {numbers.map((n) =>
        model.byNumber.has(n) ? (
          <button type="button" key={n} class="link" onClick={() => select({ mac: macFor(model, n, mac), event: n }, true)}>
            #{n}
          </button>
        ) : (
          <span key={n} class="muted">
            #{n}
          </span>
        ),
      )}
    </span>
  );
}

export function MacLink({ model, name, event, select }: { model: Model; name: string; event: number; select: Select }) {
  if (!model.macByName.has(name)) return <span class="mono">{name || "the run"}</span>;
  return (
    <button type="button" class="link mono" onClick={() => select({ mac: name, event }, true)}>
      {name}
    </button>
  );
}
