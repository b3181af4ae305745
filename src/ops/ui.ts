/** `fairway ui` prints the address of the agent's page, which is valid once. */
import { Command } from "commander";
import { defaultSocket } from "../agent/protocol.ts";
import { parsePath } from "../config/paths.ts";
import { isObject } from "../config/section.ts";
import { FairwayError } from "../errors.ts";
import { answerIn, printable } from "./agent/about.ts";
import { askPage, patientMs, silenceWords } from "./agent/ask.ts";
import { asUsage } from "./command-line.ts";
import { print } from "./print.ts";

interface PageAddress {
  url: string;
  token: string;
  path: string;
  /** "127.0.0.1:9465" */
  address: string;
}

const noPage = (what: string, advice: string): FairwayError =>
  new FairwayError("unavailable", what, advice);

const startIt =
  "`fairway agent --ui` serves it: with systemd, Environment=AGENT_OPTIONS=--ui in a drop-in (systemctl edit fairway-agent.service); in a cluster, the chart's ui.enabled=true";

const adviceOn = {
  late: "see the agent's log, and `fairway doctor`",
  refused:
    "the page is the agent's: start one (`fairway install --agent`), run this as root on its node, or name its socket (--socket)",
} as const;

/** Throws unavailable. */
async function askToken(socket: string): Promise<string> {
  const came = await askPage(socket, "/ui/token", patientMs, "POST");
  if (came.end === "late" || came.end === "refused")
    throw noPage(`the agent at ${socket} ${silenceWords(came, patientMs)}`, adviceOn[came.end]);
  if (came.end === "too large")
    throw noPage(`what answers at ${socket} is no agent`, "name the agent's socket (--socket)");
  const { status, body } = answerIn(came.text);
  if (status === 200) return body;
  if (status === 404)
    throw noPage(`the agent at ${socket} is of a version that has no page`, "upgrade it");
  throw noPage(
    `the agent at ${socket} gives no address: ${printable(body.trim())}`,
    "run this as root",
  );
}

/** Throws unavailable where no port serves it. */
function addressIn(body: string, socket: string): PageAddress {
  const told: unknown = JSON.parse(body);
  if (!isObject(told) || typeof told.token !== "string" || typeof told.path !== "string")
    throw noPage(`what answers at ${socket} is no agent`, "name the agent's socket (--socket)");
  const { token, path, address } = told;
  if (typeof address !== "string")
    throw noPage(`the agent at ${socket} serves its page on no port`, startIt);
  return { url: `http://${address}${path}`, token, path, address };
}

const howTo = ({ address }: PageAddress): string => `
Open it within 60 seconds, once, in a browser on this node. From your own machine:
  ssh -N -L ${address.replace(/^.*:/, "")}:${address} NODE        then open the same address
`;

export function uiCommand(): Command {
  return new Command("ui")
    .exitOverride()
    .description(
      "the address of the agent's page, a live view of this node; it is valid once, for a minute",
    )
    .option("--socket <PATH>", "where the agent is", defaultSocket)
    .option("--json", "as data")
    .action(async ({ socket, json }: { socket: string; json?: boolean }, command: Command) => {
      const path = asUsage(command, () => parsePath(socket, "--socket"));
      const found = addressIn(await askToken(path), path);
      print(found, json, ({ url }) => `${url}\n`);
      // What follows on stdout can be opened as it is: xdg-open "$(fairway ui)".
      if (json !== true) process.stderr.write(howTo(found));
    });
}
