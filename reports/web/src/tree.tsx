// A decoded message as a tree that opens and closes.
import { useState } from "preact/hooks";
import { Json } from "./data";
import { bytes } from "./format";

const longText = 280;
const openDepth = 3;
const openItems = 24;

const isObject = (j: Json): j is { [key: string]: Json } => typeof j === "object" && j !== null && !Array.isArray(j);

function LongText({ text }: { text: string }) {
  const [all, setAll] = useState(false);
  if (text.length <= longText || all) return <span class="t-string">{text}</span>;
  return (
    <span class="t-string">
      {text.slice(0, longText)}…{" "}
      <button type="button" class="link" onClick={() => setAll(true)}>
        all {text.length} characters
      </button>
    </span>
  );
}

function Scalar({ value }: { value: Json }) {
  if (value === null) return <span class="t-word">null</span>;
  if (typeof value === "string") return value === "" ? <span class="muted">empty string</span> : <LongText text={value} />;
  return <span class={typeof value === "number" ? "t-number" : "t-word"}>{String(value)}</span>;
}

const sizeOfBase64 = (text: string) => Math.floor((text.length * 3) / 4) - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);

/** Property list data and dates come as objects with one marked member. */
function Marked({ value }: { value: { [key: string]: Json } }) {
  if (typeof value["$date"] === "string") return <span class="t-word">{value["$date"]}</span>;
  const data = String(value["$data"]);
  return (
    <span>
      <span class="t-kind">data, {bytes(sizeOfBase64(data))}</span> <LongText text={data} />
    </span>
  );
}

function Branch({ name, value, depth }: { name: string; value: Json; depth: number }) {
  const entries: [string, Json][] = Array.isArray(value) ? value.map((v, i) => [String(i), v]) : Object.entries(value as { [key: string]: Json });
  const kind = Array.isArray(value) ? many(entries.length, "item") : many(entries.length, "key");
  return (
    <details class="branch" open={depth < openDepth && entries.length <= openItems}>
      <summary>
        <span class="t-key">{name}</span> <span class="t-kind">{kind}</span>
      </summary>
      <div class="children">
        {entries.map(([key, child]) => (
          <Node key={key} name={key} value={child} depth={depth + 1} />
        ))}
      </div>
    </details>
  );
}

const many = (n: number, word: string) => `${n} ${word}${n === 1 ? "" : "s"}`;

function Node({ name, value, depth }: { name: string; value: Json; depth: number }) {
  if (isObject(value) && ("$data" in value || "$date" in value)) {
    const inner = value["$decoded"];
    return (
      <>
        <div class="leaf">
          <span class="t-key">{name}</span> <Marked value={value} />
        </div>
        {inner !== undefined && inner !== null && (
          <div class="children">
            <Node name="decoded" value={inner} depth={depth + 1} />
          </div>
        )}
      </>
    );
  }
  const isEmpty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
  if (typeof value === "object" && value !== null && !isEmpty) return <Branch name={name} value={value} depth={depth} />;
  return (
    <div class="leaf">
      <span class="t-key">{name}</span> {isEmpty ? <span class="t-kind">{Array.isArray(value) ? "empty array" : "empty dictionary"}</span> : <Scalar value={value} />}
    </div>
  );
}

export function Tree({ value }: { value: Json }) {
  const top: [string, Json][] = Array.isArray(value) ? value.map((v, i) => [String(i), v]) : isObject(value) ? Object.entries(value) : [["value", value]];
  return (
    <div class="tree mono">
      {top.map(([key, child]) => (
        <Node key={key} name={key} value={child} depth={1} />
      ))}
      {top.length === 0 && <span class="muted">An empty {Array.isArray(value) ? "array" : "dictionary"}.</span>}
    </div>
  );
}
