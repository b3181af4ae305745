/** A real Chromium inside of a namespace, driven by its DevTools protocol. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";

/** Debian's (scripts/lib.sh, need_chromium). */
const program = "/usr/bin/chromium-headless-shell";

/** As root there is no sandbox; what a page could break out to is the namespace of a test. */
const options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];

export async function withBrowser<T>(
  namespace: string,
  use: (browser: Browser) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "fairway-browser-"));
  const inside = join(folder, "chromium");
  writeFileSync(inside, `#!/bin/sh\nexec ip netns exec ${namespace} ${program} "$@"\n`);
  chmodSync(inside, 0o700);
  try {
    const browser = await chromium.launch({ executablePath: inside, args: options });
    try {
      return await use(browser);
    } finally {
      await browser.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a page asked for and what it complained of. */
export interface Watched {
  page: Page;
  /** Every address that was asked for. */
  requests: string[];
  /** What the console said, errors of the script, and each violation of the policy. */
  complaints: string[];
}

export interface PageLook {
  width: number;
  height?: number;
  scheme?: "light" | "dark";
}

export async function watchedPage(
  browser: Browser,
  { width, height = 900, scheme = "light" }: PageLook,
): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const [requests, complaints]: [string[], string[]] = [[], []];
  page.on("request", (request) => void requests.push(request.url()));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => void complaints.push(error.message));
  await page.addInitScript(
    "addEventListener('securitypolicyviolation', (e) => console.error('policy', e.violatedDirective, e.blockedURI))",
  );
  return { page, requests, complaints };
}
