// Bundles the page and writes it as a C++ source: node build.mjs OUTPUT.cpp
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";

async function bundle(entry, options) {
  const made = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    charset: "utf8",
    target: ["es2022", "chrome111", "firefox113", "safari16.4"],
    logLevel: "warning",
    ...options,
  });
  return made.outputFiles[0].text.trim();
}

// Inline code is named by its hash, so that the policy of the page allows this and nothing else.
const hashed = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const script = await bundle("src/main.tsx", { format: "iife" });
const style = await bundle("src/style.css", {});
if (/<\/script/i.test(script) || /<\/style/i.test(style)) {
  throw new Error("the bundle would end its own element");
}

const policy = [
  "default-src 'none'",
  `script-src ${hashed(script)}`,
  `style-src ${hashed(style)}`,
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const template = (await readFile("src/page.html", "utf8")).replace("@@POLICY@@", () => policy);
const cut = (text, marker) => {
  const at = text.indexOf(marker);
  if (at < 0) throw new Error(`page.html has no ${marker}`);
  return [text.slice(0, at), text.slice(at + marker.length)];
};
const [beforeTitle, rest] = cut(template, "@@TITLE@@");
const [head, tail] = cut(rest, "@@DATA@@");
const beforeData = head.replace("@@STYLE@@", () => style);
const afterData = tail.replace("@@SCRIPT@@", () => script);

// Literals of bounded length: the standard asks compilers for 65,536 bytes only. Octal escapes end after three digits.
function literals(text) {
  const bytes = Buffer.from(text, "utf8");
  const lines = [];
  for (let at = 0; at < bytes.length; at += 8000) {
    let out = "";
    for (const b of bytes.subarray(at, at + 8000)) {
      if (b === 0x22 || b === 0x5c) out += "\\" + String.fromCharCode(b);
      else if (b >= 0x20 && b < 0x7f && b !== 0x3f) out += String.fromCharCode(b);
      else out += "\\" + b.toString(8).padStart(3, "0");
    }
    lines.push(`    "${out}",`);
  }
  return lines.join("\n");
}

const part = (name, text) => `constexpr std::string_view ${name}_parts[] = {\n${literals(text)}\n};\n`;
const getter = (name) => `std::span<const std::string_view> ${name}() {\n    return ${name}_parts;\n}\n`;
const parts = { before_title: beforeTitle, before_data: beforeData, after_data: afterData };
await writeFile(
  process.argv[2],
  `// Made by web/build.mjs; not to be edited.\n#include "page.hpp"\n\nnamespace pomona::reports::page {\nnamespace {\n\n` +
    Object.entries(parts).map(([name, text]) => part(name, text)).join("\n") +
    `\n} // namespace\n\n` +
    Object.keys(parts).map(getter).join("\n") +
    `\n} // namespace pomona::reports::page\n`,
);
