/**
 * What the agent shows of its node beside its metrics. Each look is a process of its own, of the same executable:
 * verbs wait for none of it, and what goes wrong there is no trouble of the agent's.
 */
import { FairwayError, messageOf } from "../../errors.ts";
import { type Views, viewPaths } from "../../metrics/pages.ts";
import { awaitChild } from "../child.ts";
import { ownCommand } from "../compiled.ts";
import { exitCodes } from "../exit-codes.ts";
import { Turns } from "./turns.ts";

export interface ViewPlaces {
  /** The ledger's folder, and the agent's own socket. */
  dataDir: string;
  socket: string;
}

/** A look at a node with many pods, beside whatever else the node does. */
const lookWithinMs = 20_000;
const answerWithinMs = 2_000;

/** What `doctor` and `status` found out stands on stdout also where there is something to mend. */
const found: readonly (number | null)[] = [exitCodes.done, exitCodes.failed, exitCodes.drift];

async function look(words: readonly string[], { dataDir }: ViewPlaces, ms = 0): Promise<string> {
  const argv = [...ownCommand(), ...words, "--json", "--data-dir", dataDir];
  const { code, stdout, stderr } = await awaitChild(argv, { timeoutMs: lookWithinMs + ms });
  if (found.includes(code) && stdout.startsWith("{")) return stdout;
  const why = code === null ? `it had no end within ${lookWithinMs + ms} ms` : stderr.trim();
  throw new FairwayError("unavailable", `fairway ${words[0]} on this node: ${why}`);
}

/** The page is the agent's own matter: it is asked as the node's operator asks it. */
async function uiToken({ socket }: ViewPlaces): Promise<string> {
  try {
    const answer = await fetch(`http://agent${viewPaths.uiToken}`, {
      ...{ unix: socket, method: "POST", body: "" },
      signal: AbortSignal.timeout(answerWithinMs),
    });
    const text = await answer.text();
    if (answer.ok) return text;
    throw new FairwayError(
      "unavailable",
      `this node's agent serves no page: ${text.trim()}`,
      "set the chart's ui.enabled",
    );
  } catch (error) {
    if (error instanceof FairwayError) throw error;
    throw new FairwayError("unavailable", `the agent's page: ${messageOf(error)}`);
  }
}

export function viewsOf(places: ViewPlaces): Views {
  const turns = new Turns();
  return {
    status: (ms) =>
      turns.take(`status ${ms}`, () => look(["status", "--interval", `${ms}ms`], places, ms)),
    doctor: () => turns.take("doctor", () => look(["doctor"], places)),
    uiToken: () => uiToken(places),
  };
}
