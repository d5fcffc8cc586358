// From the first sign-in to a synced task, in one of three ways: by mouse, by keyboard alone, with scripts off. What is
// pressed is found by its role and name, as a person finds it.
import { BASE, finish, open, who, window } from "./look.mjs";

const MODE = process.argv[2];
if (!["mouse", "keyboard", "plain"].includes(MODE)) throw new Error(`"${MODE}" is no way to go`);
const PATIENCE = 120_000;

const browser = await open();
const { page, complaints } = await window(browser, { viewport: { width: 1280, height: 900 }, javaScriptEnabled: MODE !== "plain" });
const faults = [];

// What has the focus: its name, and whether the ring around it can be seen.
const focused = () =>
  page.evaluate(() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const style = getComputedStyle(one);
    const place = one.getBoundingClientRect();
    const label = one.labels && one.labels[0] ? one.labels[0].textContent : "";
    return {
      name: (one.getAttribute("aria-label") || label || one.textContent || "").replace(/\s+/g, " ").trim(),
      ring: parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== "none",
      seen: place.width > 0 && place.bottom > 0 && place.top < innerHeight,
    };
  });

// Goes on with Tab until the focus is on it: whatever cannot be reached so fails here.
async function tabTo(name) {
  const before = [];
  for (let steps = 0; steps < 300; steps += 1) {
    await page.keyboard.press("Tab");
    const at = await focused();
    if (!at) continue;
    if (!at.ring || !at.seen) faults.push(`the focus on "${at.name}" cannot be seen at ${page.url()}`);
    if (typeof name === "string" ? at.name === name : name.test(at.name)) return;
    before.push(at.name);
  }
  throw new Error(`Tab does not reach ${name}; it reaches ${[...new Set(before)].join(" | ")}`);
}

async function press(role, name, main = true) {
  if (MODE === "keyboard") {
    await tabTo(name);
    await page.keyboard.press("Enter");
    return;
  }
  const within = main ? page.getByRole("main") : page;
  await within.getByRole(role, { name, exact: typeof name === "string" }).first().click();
}

async function type(label, text) {
  if (MODE === "keyboard") {
    await tabTo(label);
    await page.keyboard.type(text);
  } else {
    await page.getByLabel(label, { exact: true }).fill(text);
  }
}

// A run is followed by the page itself: by events, or by asking for itself anew.
async function over() {
  await page.getByRole("progressbar").waitFor({ state: "detached", timeout: PATIENCE });
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.waitForLoadState("load");
}

async function heading(text) {
  await page.getByRole("heading", { level: 1, name: text }).waitFor({ timeout: PATIENCE });
  // Before its styles are there a page shows no ring.
  await page.waitForLoadState("load");
}

async function journey() {
  await page.goto(`${BASE}/`);
  await heading("Counterfoil");
  await type("Name", who.name);
  await type("Password", who.password);
  await press("button", "Sign in");
  await heading("Open tasks");
  await press("button", "Check xero-main", false);
  await heading("check of xero-main");
  await over();
  await press("link", "Tasks");
  await heading("Open tasks");
  await press("link", /ready to preview/);
  await heading("Tasks");
  const first = page.getByRole("row").filter({ hasText: "ready to preview" }).first();
  const customer = (await first.getByRole("link").innerText()).trim();
  const number = (await first.getByRole("cell").nth(2).innerText()).trim();
  await press("link", customer);
  await heading(`${number} of ${customer}`);
  await press("button", "Preview");
  await heading("Preview");
  await over();
  await page.getByRole("cell", { name: number, exact: true }).waitFor();
  await press("button", "Sync chosen");
  await heading("sync of xero-main");
  await over();
  await press("link", "Tasks");
  await page.goto(`${BASE}/?state=synced`);
  const row = page.getByRole("row").filter({ hasText: number });
  await row.getByText("synced").waitFor();
  return number;
}

try {
  const number = await journey();
  console.log(`synced ${number}`);
} catch (error) {
  const text = await page.locator("body").innerText({ timeout: 2_000 }).catch(() => "");
  faults.push(`${error.message}\nat ${page.url()}:\n${text.slice(0, 2_000)}`);
} finally {
  await browser.close();
}
finish(MODE, [...faults, ...complaints]);
