// What every script of this folder shares: a browser that may talk to one server only, that hears every complaint of a
// page, and the rules that each page is held against. Owns no expectation of a page's content.
import { createRequire } from "node:module";

const need = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};

const packages = createRequire(need("BROWSER_PACKAGES") + "/");
const { chromium } = packages("playwright-core");
const { AxeBuilder } = packages("@axe-core/playwright");

export const BASE = need("BASE");
const NAME = need("NAME");
const PASSWORD = need("PASSWORD");

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export const open = () =>
  chromium.launch({ executablePath: need("CHROMIUM"), args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });

// A window that writes down what must not happen: errors, refused styles and scripts, requests to another host. Those to
// another host are stopped as well.
export async function window(browser, options) {
  const context = await browser.newContext(options);
  const complaints = [];
  await context.route("**/*", (route) => {
    const url = route.request().url();
    if (url.startsWith(BASE + "/") || url.startsWith("data:")) return route.continue();
    complaints.push(`a request to another host: ${url}`);
    return route.abort();
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const here = () => page.url().replace(BASE, "");
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`${here()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`${here()}: ${error.message}`));
  page.on("response", (response) => {
    if (response.status() >= 500) complaints.push(`${response.status()} at ${response.url()}`);
  });
  return { context, page, complaints };
}

export async function signIn(page) {
  await page.goto(`${BASE}/login`);
  await page.getByLabel("Name").fill(NAME);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
}

export const who = { name: NAME, password: PASSWORD };

// What the rules have against the page as it stands.
export async function judged(page, context) {
  const found = await new AxeBuilder({ page }).withTags(RULES).setLegacyMode().analyze();
  const told = found.violations.map((rule) => {
    const places = rule.nodes.slice(0, 4).map((node) => `${node.target.join(" ")} ${node.html.slice(0, 160)}`);
    return `${rule.id} (${rule.impact}): ${rule.help}\n    ${places.join("\n    ")}`;
  });
  // Reflow (1.4.10): only tables scroll, in their own frames.
  const wide = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return null;
    const out = [...document.querySelectorAll("body *")].filter((one) => {
      const inside = one.closest(".wide");
      return (!inside || inside === one) && one.getBoundingClientRect().right > clientWidth + 1;
    });
    return `${scrollWidth} px in ${clientWidth} px: ${out.slice(0, 4).map((one) => one.tagName + "." + one.className).join(", ")}`;
  });
  if (wide) told.push(`it scrolls sideways: ${wide}`);
  const headings = await page.locator("h1").count();
  if (headings !== 1) told.push(`it has ${headings} first headings`);
  return told;
}

// Ends the process as the test expects it.
export function finish(what, faults) {
  if (faults.length === 0) {
    console.log(`${what}: nothing found`);
    return;
  }
  console.log(`${what}: ${faults.length} found\n${faults.map((fault) => `- ${fault}`).join("\n")}`);
  process.exitCode = 1;
}
