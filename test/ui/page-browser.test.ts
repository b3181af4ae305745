/** The page in a real Chromium, of a real agent on a node with traffic. */
import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { pageState } from "../../src/ui/state.ts";
import { socketIn, startAgent } from "../support/agent.ts";
import { type Watched, watchedPage, withBrowser } from "../support/browser.ts";
import { askedByOthers } from "./others.ts";
import { addressOf, page as origin, type Scene, withPage, withScene } from "./scene.ts";
import { about, liveClassOf, treeOf } from "./support.ts";

const textOf = (page: Page, selector: string): Promise<string> =>
  page.locator(selector).innerText();

const waitFor = (page: Page, selector: string, text: string | RegExp): Promise<void> =>
  page.locator(selector).filter({ hasText: text }).first().waitFor({ timeout: 20_000 });

const sizes = [
  [390, 844],
  [1_280, 900],
] as const;

/** Nothing is wider than the window, in both widths and both schemes, and each scheme has its own ground. */
async function fits(page: Page): Promise<void> {
  const grounds = new Set<string>();
  for (const colorScheme of ["dark", "light"] as const)
    for (const [width, height] of sizes) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      const over = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      expect(over, `${colorScheme} ${width}`).toBe(0);
      grounds.add(String(await page.evaluate("getComputedStyle(document.body).backgroundColor")));
    }
  expect(grounds.size).toBe(2);
}

function expectNoComplaint({ requests, complaints }: Watched): void {
  expect(requests.filter((url) => !url.startsWith(`${origin}/ui/`))).toEqual([]);
  expect(complaints).toEqual([]);
}

/** By keys alone, from the top of the page: to each control, and what it does. */
async function byKeyboard(page: Page): Promise<void> {
  const focused = (): Promise<unknown> =>
    page.evaluate(
      "((at) => at.name === 'show' ? 'show ' + at.value : at.id || at.className)(document.activeElement)",
    );
  await page.locator("body").focus();
  await page.keyboard.press("Tab");
  expect(await focused()).toBe("skip");
  await page.keyboard.press("Tab");
  expect(await focused()).toBe("pause");
  await page.keyboard.press("Enter");
  expect(await textOf(page, "#connection")).toBe("paused");
  await page.keyboard.press("Space");
  await waitFor(page, "#connection", "live");
  await page.keyboard.press("Tab");
  expect(await focused()).toBe("find");
  await page.keyboard.type("backup");
  await page.locator("#rows tr").nth(1).waitFor({ state: "detached" });
  expect(await textOf(page, "#rows")).toContain("batch/backup-28391-q7");
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Delete");
  await page.keyboard.press("Tab");
  expect(await focused()).toBe("show all");
  await page.keyboard.press("ArrowRight");
  expect(await focused()).toBe("show trouble");
  await waitFor(page, "#rows", "shop/db-0");
  await page.keyboard.press("ArrowLeft");
  await waitFor(page, "#rows", "shop/web-7d9c5-x2k4p");
}

/** The browser's own network goes and comes again: the same session goes on. */
async function cutOffAndBack({ page }: Watched): Promise<void> {
  await page.context().setOffline(true);
  await waitFor(page, "#trouble", "No figures: the agent does not answer");
  expect(await textOf(page, "#connection")).toBe("no answer");
  await page.context().setOffline(false);
  await waitFor(page, "#connection", "live");
  expect(await page.locator("#trouble").isVisible()).toBe(false);
}

async function endedAndStartedAnew({ node, agent }: Scene, { page, complaints }: Watched) {
  agent.kill("SIGTERM");
  await agent.exited;
  await waitFor(page, "#trouble", "No figures: the agent does not answer");
  await using again = await startAgent(node, { socket: socketIn(node), options: withPage });
  await waitFor(page, "#trouble", "This session is over");
  // What the browser itself says of requests that fail.
  const own = complaints.filter((text) => !text.startsWith("Failed to load resource"));
  expect(own).toEqual([]);
  await page.goto(addressOf(node, again));
  await waitFor(page, "#connection", "live");
  // The ten seconds and more of before are drawn still, of 600 s across 600 units.
  expect(
    await page.evaluate("document.querySelector('polygon.within').getBBox().width"),
  ).toBeGreaterThan(5);
}

test("idle, under load, a promise that is not kept, by keys alone, and an agent that is started anew", () =>
  withScene((scene) =>
    withBrowser(scene.node.lab.node, async (browser) => {
      const watched = await watchedPage(browser, { width: 1_280 });
      const { page } = watched;
      const address = scene.address();
      await page.goto(address);
      expect(page.url()).toBe(`${origin}/ui/`);
      await waitFor(page, "#headline", "Every promise is kept: 4 guarantees");
      expect(await textOf(page, "#badge")).toMatch(/^kept$/i);
      expect(await page.locator("#rows tr").count()).toBeGreaterThanOrEqual(4);
      await fits(page);

      await scene.load();
      await waitFor(page, "#rows tr", /media\/video-0.*egress.*borrows.*\d s/);
      await waitFor(
        page,
        ".carried-words",
        /borrowed \(batch\/backup-28391-q7 1\d\d, media\/video-0/,
      );
      await waitFor(page, "#rows .chip", "kept");
      expect(await page.locator(".carried-lane .borrowed").count()).toBeGreaterThanOrEqual(2);
      await fits(page);

      scene.halve();
      await waitFor(page, "#headline", /^Not kept: 1 of 4 guarantees. shop\/db-0/);
      await waitFor(page, "#rows tr:first-child", /not kept.*shop\/db-0/);
      await waitFor(page, "#spoken", "shop/db-0");
      await fits(page);
      await byKeyboard(page);
      expectNoComplaint(watched);

      // The address of before is spent, for another browser.
      const other = await watchedPage(browser, { width: 390 });
      await other.page.goto(address);
      expect(await textOf(other.page, "h1")).toContain("needs an address of its own");
      expect(other.requests.every((url) => url.startsWith(origin))).toBe(true);

      await askedByOthers(scene.node, page);
      await cutOffAndBack(watched);
      await endedAndStartedAnew(scene, watched);
    }),
  ));

const hostile = `x/<img src=x onerror=alert(1)>"'&\n</td><script>alert(2)</script>`;

test("5,000 pods, and names with markup, quotes and newlines", () =>
  withScene((scene) =>
    withBrowser(scene.node.lab.node, async (browser) => {
      const watched = await watchedPage(browser, { width: 390 });
      const { page } = watched;
      const pods = Array.from({ length: 5_000 }, (_, i) =>
        liveClassOf(i === 7 ? hostile : `ns/pod-${String(i).padStart(4, "0")}`, {
          verdict: i === 7 ? "missed" : "idle",
          tier: i === 7 ? '"><b>gold</b>' : null,
        }),
      );
      const trees = [treeOf({ capacityBits: 1e11, promisedBits: 5e10 })];
      await page.route("**/ui/state*", (route) => {
        const find = new URL(route.request().url()).searchParams.get("find") ?? "";
        const state = pageState({ trees, classes: pods }, { find, show: "all" }, about);
        return route.fulfill({ json: state });
      });
      await page.goto(scene.address());
      await waitFor(page, "#more", "4900 more");
      expect(await page.locator("#rows tr").count()).toBe(100);
      expect(await page.locator("#rows .name").first().textContent()).toBe(hostile);
      expect(await page.locator("#rows b, #rows img, #rows script, #headline *").count()).toBe(0);
      await page.locator("#find").fill("pod-4321");
      await waitFor(page, "#rows", "ns/pod-4321");
      expect(await page.locator("#rows tr").count()).toBe(1);
      await page.locator("#find").fill("");
      await fits(page);
      expectNoComplaint(watched);
    }),
  ));
