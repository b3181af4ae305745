/** What `status` tells of the agent. `doctor` says more, and what to do. */
import type { FellBackReason } from "../../cni/fell-back.ts";
import { FairwayError } from "../../errors.ts";
import type { AgentSeen } from "../agent/ask.ts";
import { countWords, readFellBack } from "../agent/fell-back.ts";
import { lookAtAgent } from "../agent/look.ts";
import { type Manifest, readManifest } from "../install/manifest.ts";
import { usualPlaces } from "../install/places.ts";

export interface AgentStatus {
  /** null means that the launcher finds no path where it looks for one. */
  socket: string | null;
  state: AgentSeen["state"];
  /** These two are null where it does not answer. */
  version: string | null;
  startedAt: string | null;
  /** Verbs that became processes of their own, by why. */
  fellBack: { reason: FellBackReason; lastHour: number; lastDay: number }[];
}

function manifestIn(dataDir: string): Manifest | null {
  try {
    return readManifest(dataDir);
  } catch (error) {
    // `doctor` and `uninstall` tell what is wrong with it.
    if (error instanceof FairwayError) return null;
    throw error;
  }
}

/** null means that no agent was set up on this node. */
export async function agentStatus(dataDir: string): Promise<AgentStatus | null> {
  const { binDir } = manifestIn(dataDir) ?? usualPlaces;
  const { socket, signs, seen } = await lookAtAgent(binDir);
  if (!signs.hasUnit && !signs.wasHere) return null;
  const { lastHour, lastDay } = readFellBack(dataDir, Date.now());
  const reasons = Object.entries(lastDay) as [FellBackReason, number][];
  const about = seen.state === "answers" ? seen.about : null;
  return {
    socket,
    state: seen.state,
    version: about?.version ?? null,
    startedAt: about?.startedAt ?? null,
    fellBack: reasons.map(([reason, count]) => ({
      reason,
      lastHour: lastHour[reason] ?? 0,
      lastDay: count,
    })),
  };
}

const stateWords: Record<Exclude<AgentSeen["state"], "answers">, string> = {
  absent: "none is there",
  stale: "the one that was there has died",
  hung: "it takes connections and gives no answer",
  strange: "what lies there is not the agent's, and is not asked",
  unreadable: "what answers there is no agent",
};

export function agentLine({ socket, state, version, startedAt, fellBack }: AgentStatus): string {
  const counts = fellBack.flatMap(({ reason, lastHour }) =>
    lastHour > 0 ? [[reason, lastHour] as const] : [],
  );
  const fell =
    counts.length === 0
      ? ""
      : `; verbs by processes of their own in the last hour: ${countWords(Object.fromEntries(counts))}`;
  return state === "answers"
    ? `agent ${version} answers since ${startedAt}${fell}`
    : `NO AGENT at ${socket ?? "agent.socket-path"}: ${stateWords[state]} (\`fairway doctor\` says what to do)${fell}`;
}
