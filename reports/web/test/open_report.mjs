// Opens a report in a browser as a reader would and fails when something is missing, is said on the console, or is asked of
// anybody: node open_report.mjs REPORT.html SHOT.png [--dark] [--no-macs]
// Run where node_modules lies: playwright-core is taken from the working directory.
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const { chromium } = createRequire(process.cwd() + "/")("playwright-core");

const [report, shot] = process.argv.slice(2);
if (!report || !shot) {
  console.error("usage: open_report.mjs REPORT.html SHOT.png [--dark] [--no-macs]");
  process.exit(64);
}
const dark = process.argv.includes("--dark");
const noMacs = process.argv.includes("--no-macs");
const address = pathToFileURL(resolve(report)).href;

const problems = [];
const expect = (held, what) => {
  if (!held) problems.push(what);
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

async function chooseMac(page) {
  // The one the page opened with may be far down: choose the first in view that is not chosen, if there is one.
  const others = page.locator(".fleet-row:not(.chosen)");
  const row = (await others.count()) > 0 ? others.first() : page.locator(".fleet-row").first();
  const name = await row.getAttribute("data-mac");
  await row.locator(".name").click();
  await page.waitForFunction((mac) => document.querySelector("#session-title")?.textContent?.includes(mac), name);
  expect(new URL(page.url()).hash === `#${name}`, `the address does not name the chosen Mac: ${page.url()}`);
  return name;
}

/** Goes through the arrows until one shows a decoded message. */
async function readMessage(page) {
  const numbers = await page.locator(".seq-row.arrow").evaluateAll((rows) => rows.map((r) => r.getAttribute("data-event")));
  for (const number of numbers) {
    await page.locator(`.seq-row.arrow[data-event="${number}"]`).click();
    const decoded = await page.locator(".pane .tree").allTextContents();
    if (decoded.some((text) => /MessageType|CommandUUID|PayloadType|Status/.test(text))) return number;
  }
  return undefined;
}

async function chooseWithKeys(page, number) {
  await page.locator(`.seq-row.arrow[data-event="${number}"]`).focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  const moved = await page.locator(".seq-row.chosen").getAttribute("data-event");
  expect(moved !== null, "the arrow keys lose the selection");
  await page.locator(`.seq-row.arrow[data-event="${number}"]`).click();
}

try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 }, colorScheme: dark ? "dark" : "light" });
  page.on("console", (m) => {
    if (m.type() === "error" || m.type() === "warning") problems.push(`console ${m.type()}: ${m.text()}`);
  });
  page.on("pageerror", (e) => problems.push(`page error: ${e.message}`));
  page.on("request", (r) => {
    const url = r.url();
    if (url.split("#")[0] !== address && !url.startsWith("data:")) problems.push(`request for ${url}`);
  });
  page.setDefaultTimeout(20000);
  await page.goto(address);
  await page.waitForSelector("h1");

  expect((await page.locator(".badge.large").count()) === 1, "no verdict badge");
  const data = await page.evaluate(() => {
    const all = JSON.parse(document.getElementById("data").textContent);
    return { steps: all.run.steps.length, checks: all.run.checks.length, verdict: all.run.verdict };
  });
  expect((await page.locator(".badge.large").textContent()) === data.verdict, "the badge is not the run's verdict");
  expect((await page.locator(".row.step").count()) === data.steps, "not every step is shown");
  for (const chip of await page.locator("#checks .chip[aria-pressed=false]").all()) await chip.click();
  expect((await page.locator(".row.check").count()) === data.checks, "not every check is shown with all chips on");

  if (noMacs) {
    expect((await page.locator(".fleet-row").count()) === 0, "Macs in a run without any");
  } else {
    await chooseMac(page);
    expect((await page.locator(".seq-row.arrow").count()) > 0, "no arrows in the sequence diagram");
    const message = await readMessage(page);
    expect(message !== undefined, "no arrow shows a decoded message");
    if (message !== undefined) {
      await chooseWithKeys(page, message);
      expect(new URL(page.url()).hash.endsWith(`/${message}`), "the address does not name the chosen message");
      expect(await page.locator(".pane").evaluate((pane) => pane.scrollWidth <= pane.clientWidth + 1), "the message is wider than its pane");
    }
    await page.locator("#session").scrollIntoViewIfNeeded();
    await page.evaluate(() => document.getElementById("session").scrollIntoView({ block: "end" }));
  }
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page scrolls sideways");
  await page.screenshot({ path: shot });
} catch (e) {
  problems.push(String(e));
} finally {
  await browser.close();
}

for (const problem of problems) console.error(`${report}: ${problem}`);
process.exit(problems.length > 0 ? 1 : 0);
