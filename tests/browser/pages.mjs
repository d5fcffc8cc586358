// Every page of the menu, and the first of what each lists, in light and dark, wide and narrow: the accessibility rules
// find nothing, no page complains, none asks another host for anything. Given addresses, it visits those alone.
import { BASE, finish, judged, open, signIn, window } from "./look.mjs";

const LOOKS = ["light", "dark"].flatMap((colorScheme) => [1280, 320].map((width) => ({ colorScheme, width })));
// As many pages as are opened from one list.
const DEEPER = 1;

const GIVEN = process.argv.slice(2);

const path = (href) => new URL(href, BASE).pathname + new URL(href, BASE).search;

// Addresses to visit: what the menu names, then the first rows of their lists.
async function addresses(page) {
  if (GIVEN.length > 0) return GIVEN;
  const links = (where) => page.locator(where).evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  const menu = [...new Set((await links("nav a[href]")).map(path))];
  if (menu.length < 8) throw new Error(`the menu names only ${menu.join(", ")}`);
  const deeper = [];
  for (const href of [...menu, "/?state=all", "/?state=pending"]) {
    await page.goto(BASE + href);
    deeper.push(...(await links("tr[data-open] a[href]")).slice(0, DEEPER).map(path));
  }
  return [...new Set([...menu, "/?state=all", "/?text=nothing-is-called-so", ...deeper, "/tasks/none"])];
}

const browser = await open();
const faults = [];
let scans = 0;
try {
  const first = await window(browser, {});
  await signIn(first.page);
  const all = await addresses(first.page);
  await first.context.close();
  for (const { colorScheme, width } of LOOKS) {
    const { context, page, complaints } = await window(browser, { colorScheme, viewport: { width, height: 900 } });
    const look = `${colorScheme}, ${width} px`;
    await page.goto(`${BASE}/login`);
    faults.push(...(await judged(page)).map((fault) => `/login (${look}): ${fault}`));
    await signIn(page);
    for (const href of all) {
      const answer = await page.goto(BASE + href);
      const expected = href === "/tasks/none" ? 404 : 200;
      if (answer.status() !== expected) faults.push(`${href} answers ${answer.status()}`);
      faults.push(...(await judged(page)).map((fault) => `${href} (${look}): ${fault}`));
      scans += 1;
    }
    await page.goto(BASE + "/");
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    faults.push(...(await judged(page)).map((fault) => `the dialog (${look}): ${fault}`));
    // A page that is not there is asked for on purpose; the browser says so.
    const own = complaints.filter((one) => !(one.includes("/tasks/none") && one.includes("404")));
    faults.push(...own.map((one) => `(${look}) ${one}`));
    await context.close();
  }
  console.log(`${all.length} pages, ${scans} looks: ${all.join(" ")}`);
} finally {
  await browser.close();
}
finish("pages", faults);
