/** `fairway agent --probe`: asks the agent that runs how it is, for a supervisor that can only start programs. */
import { FairwayError } from "../../errors.ts";
import { askPage } from "./ask.ts";

export const probes = ["ready", "healthy"] as const;
export type Probe = (typeof probes)[number];

const pages: Record<Probe, string> = { ready: "/readyz", healthy: "/healthz" };

/** A verb that runs keeps the agent from answering, and waits for the kernel 5 s at most where it is well. */
const answerWithinMs = 8_000;

const noAgent = (socket: string, found: string): FairwayError =>
  new FairwayError(
    "unavailable",
    `the agent at ${socket} ${found}`,
    "verbs are processes of their own meanwhile; see the agent's log, and `fairway doctor` on the node",
  );

/** Throws unavailable where it does not answer, or says no. */
export async function probeAgent(socket: string, probe: Probe): Promise<void> {
  const came = await askPage(socket, pages[probe], answerWithinMs);
  if (came.end === "late") throw noAgent(socket, `did not answer within ${answerWithinMs} ms`);
  if (came.end === "refused") throw noAgent(socket, `cannot be asked (${came.code})`);
  if (came.end === "too large") throw noAgent(socket, "gave an answer that is no agent's");
  const [head = "", body = ""] = came.text.split("\r\n\r\n");
  if (/^HTTP\/1\.1 200 /.test(head)) return;
  const why = body
    .trim()
    .slice(0, 200)
    .replaceAll(/[^\x20-\x7e]+/g, " ");
  throw noAgent(socket, `is not ${probe}: ${why === "" ? "it says no more" : why}`);
}
