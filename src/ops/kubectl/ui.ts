/**
 * `kubectl fairway ui` opens the way to a node's page: the agent serves it on the node's loopback, so kubectl forwards to
 * it for as long as this command runs. The address works once.
 */
import { Command, Option } from "commander";
import { FairwayError } from "../../errors.ts";
import type { Json } from "../../kube/objects.ts";
import { viewPaths } from "../../metrics/pages.ts";
import { stopController } from "../status/stop.ts";
import { refuseUsage, usage } from "../usage.ts";
import { Agents } from "./agents.ts";
import { withApi } from "./api.ts";
import { chosen, nodesWithAgents } from "./cluster.ts";
import { type Child, startKubectl } from "./proxy.ts";
import { type CommonOptions, withReach } from "./reach.ts";

interface UiOptions extends CommonOptions {
  port: number;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new Error(`${text} is not a port from 0 to 65535`);
}

interface Opened {
  /** From the first slash on, with the token that is valid once. */
  path: string;
  /** On the node's loopback. */
  port: number;
}

function openedIn({ path, address }: Json, node: string): Opened {
  const port = Number(/:(\d{1,5})$/.exec(String(address ?? ""))?.[1] ?? Number.NaN);
  if (typeof path === "string" && path.startsWith("/ui/") && !Number.isNaN(port))
    return { path, port };
  throw new FairwayError(
    "unavailable",
    `${node}: its agent serves its page on no port`,
    "install the chart with ui.enabled=true",
  );
}

const forwarded = /^Forwarding from 127\.0\.0\.1:(\d+) -> /m;

/** Until a person ends it, or the connection to the cluster does. */
async function stay(forward: Child, stop: AbortController): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<null>();
  if (stop.signal.aborted) return;
  stop.signal.addEventListener("abort", () => resolve(null), { once: true });
  if ((await Promise.race([promise, forward.over])) === null) return;
  throw new FairwayError(
    "unavailable",
    `kubectl port-forward has ended: ${forward.said().trim()}`,
    "the agent's pod may have been exchanged: run this again",
  );
}

async function run(options: UiOptions, command: Command): Promise<void> {
  if (options.node === undefined)
    refuseUsage(command, "each node has a page of its own", "give --node NAME");
  const stop = stopController();
  await withApi(options, async (api) => {
    const [shown] = chosen(await nodesWithAgents(api), options.node);
    if (shown === undefined) return;
    const node = shown.node.name;
    const answer = await new Agents(api).ask(shown, { path: viewPaths.uiToken, method: "POST" });
    const { path, port } = openedIn(answer, node);
    const { namespace = "", name = "" } = shown.agent ?? {};
    const forward = startKubectl(options, [
      ...["port-forward", `--namespace=${namespace}`, "--address=127.0.0.1", `pod/${name}`],
      `${options.port === 0 ? "" : options.port}:${port}`,
    ]);
    try {
      const [, local] = await forward.until(forwarded);
      const url = `http://127.0.0.1:${local}${path}`;
      const words = `${url}\n\nThe page of ${node}. The address works once, within a minute; Ctrl-C ends the way to it.\n`;
      process.stdout.write(options.json === true ? `${JSON.stringify({ node, url })}\n` : words);
      await stay(forward, stop);
    } finally {
      await forward.end();
    }
  });
}

export const kubectlUiCommand = (): Command =>
  withReach(new Command("ui"))
    .description("the page of a node, a live view: prints its address, and forwards until Ctrl-C")
    .addOption(
      new Option("--port <PORT>", "of this machine's loopback; 0 is whichever is free")
        .argParser(usage(parsePort))
        .default(0),
    )
    .action(run);
