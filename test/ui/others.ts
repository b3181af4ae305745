/** Pages of others in the browser that has a session: what they ask of this one is refused by the agent itself. */
import { expect } from "bun:test";
import type { Page } from "playwright-core";
import type { TestNode } from "../support/node.ts";
import { page as origin } from "./scene.ts";

const otherPort = 8_080;
/**
 * A page of another port of this machine, where the browser sends the session's cookie along, and one of another site. A
 * real server has them: from a page that is made up the browser itself lets nothing through to the loopback.
 */
const others = ["127.0.0.1", "localhost"].map((host) => `http://${host}:${otherPort}/`);
const otherServer = `Bun.serve({ hostname: "127.0.0.1", port: ${otherPort}, fetch: () =>
  new Response("<title>other</title>", { headers: { "Content-Type": "text/html" } }) }); console.log("served")`;

/** In the browser that has a session: no script, frame or link of another page gets anything of this one. */
export async function askedByOthers(node: TestNode, page: Page): Promise<void> {
  const argv = ["ip", "netns", "exec", node.lab.node, process.execPath, "-e", otherServer];
  const server = Bun.spawn(argv, { stdout: "pipe", stderr: "inherit" });
  try {
    for await (const _ of server.stdout) break;
    for (const other of others) await askedBy(other, page);
  } finally {
    server.kill("SIGKILL");
    await server.exited;
  }
}

async function askedBy(other: string, page: Page): Promise<void> {
  const tab = await page.context().newPage();
  const statuses: number[] = [];
  tab.on("response", (response) => {
    if (response.url().startsWith(origin)) statuses.push(response.status());
  });
  await tab.goto(other);
  for (const mode of ["cors", "no-cors"])
    expect(
      await tab.evaluate(
        `fetch("${origin}/ui/state", { mode: "${mode}", credentials: "include" }).then(() => "answered", () => "refused")`,
      ),
      `${other} ${mode}`,
    ).toBe("refused");
  await tab.evaluate(
    `new Promise((done) => document.body.append(Object.assign(document.createElement("iframe"), { src: "${origin}/ui/", onload: done })))`,
  );
  await tab.evaluate(`location.href = "${origin}/ui/"`);
  await tab.getByText("another page asked for this one").waitFor();
  // The frame and the link. What a script gets of it is nothing, not even a status.
  expect(statuses, other).toEqual([403, 403]);
  await tab.close();
}
