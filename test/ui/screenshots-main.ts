/**
 * Takes the pictures of docs/screenshots: the page at rest, under load and with a promise that is not kept, in two widths
 * and both schemes; `fairway top` at 80 columns; the report of `fairway prove` on a phone. Their names choose some of
 * them: `bun test/ui/screenshots-main.ts page top report`. scripts/screenshots makes ready what it needs.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { insideNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary, prover, repository } from "../support/binary.ts";
import { type Watched, watchedPage, withBrowser } from "../support/browser.ts";
import { type Scene, withScene } from "./scene.ts";
import { terminalHtml } from "./terminal-html.ts";

const folder = join(repository, "docs/screenshots");
const fileOf = (name: string): string => join(folder, `${name}.png`);

const looks = [
  { width: 1_280, height: 960, scheme: "light" },
  { width: 1_280, height: 960, scheme: "dark" },
  { width: 390, height: 844, scheme: "light" },
  { width: 390, height: 844, scheme: "dark" },
] as const;

/** So long that the charts show something. */
const [restMs, loadMs, missedMs] = [30_000, 90_000, 30_000];

async function shoot(pages: readonly Watched[], state: string): Promise<void> {
  for (const [at, { page }] of pages.entries()) {
    const { width, scheme } = looks[at] ?? looks[0];
    await page.screenshot({ path: fileOf(`page-${state}-${width}-${scheme}`) });
  }
}

async function pages(scene: Scene, browser: Browser): Promise<void> {
  const opened = [];
  for (const look of looks) {
    const watched = await watchedPage(browser, look);
    await watched.page.goto(scene.address());
    opened.push(watched);
  }
  await Bun.sleep(restMs);
  await shoot(opened, "idle");
  await scene.load();
  await Bun.sleep(loadMs);
  await shoot(opened, "load");
  scene.halve();
  await Bun.sleep(missedMs);
  await shoot(opened, "missed");
}

/** What a terminal of 80 columns shows: `script` of util-linux is one. */
async function top(scene: Scene, page: Page): Promise<void> {
  const command = `stty cols 80 rows 24; exec ${binary} top --count 1 --interval 2s --data-dir ${scene.node.dataDir}`;
  const child = Bun.spawn(
    insideNamespace(scene.node.lab.node, ["script", "-qec", command, "/dev/null"]),
    { env: { PATH: process.env.PATH ?? "", LC_ALL: "C.UTF-8", TERM: "xterm" }, stderr: "inherit" },
  );
  const text = await new Response(child.stdout).text();
  // What it leaves when it gives the screen back.
  const [, last = text] = text.split("\u001b[?1049l");
  await page.setContent(terminalHtml(`$ fairway top\n${last.trimEnd()}`));
  await page.locator("main").screenshot({ path: fileOf("top-80") });
}

async function report(browser: Browser): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "fairway-screenshots-"));
  try {
    const html = join(scratch, "prove.html");
    const child = Bun.spawn([prover, "--html", html], { stdout: "ignore", stderr: "inherit" });
    await child.exited;
    const { page } = await watchedPage(browser, { width: 390, height: 844 });
    await page.goto(`file://${html}`);
    await page.screenshot({ path: fileOf("report-390") });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const chosen = process.argv.slice(2);
const wants = (name: string): boolean => chosen.length === 0 || chosen.includes(name);

mkdirSync(folder, { recursive: true });
await withScene((scene) =>
  withBrowser(scene.node.lab.node, async (browser) => {
    if (wants("page")) await pages(scene, browser);
    else if (wants("top")) await scene.load();
    if (wants("top")) {
      const { page } = await watchedPage(browser, { width: 1_000 });
      await Bun.sleep(5_000);
      await top(scene, page);
    }
    if (wants("report")) await report(browser);
  }),
);
