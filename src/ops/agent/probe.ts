/** `fairway agent --probe`: asks the agent that runs how it is, for a supervisor that can only start programs. */
import { FairwayError } from "../../errors.ts";
import { answerIn } from "./about.ts";
import { askPage, patientMs, silenceWords } from "./ask.ts";

export const probes = ["ready", "healthy"] as const;
export type Probe = (typeof probes)[number];

const pages: Record<Probe, string> = { ready: "/readyz", healthy: "/healthz" };

const noAgent = (socket: string, found: string): FairwayError =>
  new FairwayError(
    "unavailable",
    `the agent at ${socket} ${found}`,
    "verbs are processes of their own meanwhile; see the agent's log, and `fairway doctor` on the node",
  );

/** Throws unavailable where it does not answer, or says no. */
export async function probeAgent(socket: string, probe: Probe): Promise<void> {
  const came = await askPage(socket, pages[probe], patientMs);
  if (came.end === "late" || came.end === "refused")
    throw noAgent(socket, silenceWords(came, patientMs));
  if (came.end === "too large") throw noAgent(socket, "gave an answer that is no agent's");
  const { status, body } = answerIn(came.text);
  if (status === 200) return;
  const why = body
    .trim()
    .slice(0, 200)
    .replaceAll(/[^\x20-\x7e]+/g, " ");
  throw noAgent(socket, `is not ${probe}: ${why === "" ? "it says no more" : why}`);
}
