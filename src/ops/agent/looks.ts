/**
 * What the agent shows of its node beside its metrics. Each look is a process of its own, of the same executable:
 * verbs wait for none of it, and what goes wrong there is no trouble of the agent's.
 */
import { FairwayError } from "../../errors.ts";
import type { Looks } from "../../metrics/pages.ts";
import { awaitChild } from "../child.ts";
import { ownCommand } from "../compiled.ts";
import { exitCodes } from "../exit-codes.ts";
import { Turns } from "./turns.ts";

/** A look at a node with many pods, beside whatever else the node does. */
const lookWithinMs = 20_000;

/** What `doctor` and `status` found out stands on stdout also where there is something to mend. */
const found: readonly (number | null)[] = [exitCodes.done, exitCodes.failed, exitCodes.drift];

async function look(words: readonly string[], dataDir: string, ms = 0): Promise<string> {
  const argv = [...ownCommand(), ...words, "--json", "--data-dir", dataDir];
  const { code, stdout, stderr } = await awaitChild(argv, { timeoutMs: lookWithinMs + ms });
  if (found.includes(code) && stdout.startsWith("{")) return stdout;
  const why = code === null ? `it had no end within ${lookWithinMs + ms} ms` : stderr.trim();
  throw new FairwayError("unavailable", `fairway ${words[0]} on this node: ${why}`);
}

/** `dataDir` is the ledger's folder. */
export function looksAt(dataDir: string): Looks {
  const turns = new Turns();
  return {
    status: (ms) =>
      turns.take(`status ${ms}`, () => look(["status", "--interval", `${ms}ms`], dataDir, ms)),
    doctor: () => turns.take("doctor", () => look(["doctor"], dataDir)),
  };
}
