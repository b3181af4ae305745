/** Writes the sentences that stand below the tables of `status`. Pure. */
import { exitWords } from "../../node/facts/exits.ts";
import { capacityWords, overrideWords } from "../overrides.ts";
import { agentLine } from "./agent.ts";
import { nameOfPod } from "./class-rows.ts";
import type { NodeStatus, PodStatus } from "./model.ts";
import { violationWords } from "./words.ts";

function overrideLine(pod: PodStatus): string[] {
  const { override } = pod;
  if (override === null) return [];
  return [`${nameOfPod(pod)}: set with \`fairway set\`: ${overrideWords(override)}`];
}

/** Names a violation, which a person should look into. */
function violationLine(pod: PodStatus): string[] {
  const packets = pod.violations?.packets ?? 0;
  return packets === 0 ? [] : [`SPOOFING: ${nameOfPod(pod)} ${violationWords(packets)}`];
}

/** What is said of the pods: how their promises came about, what was set, what they did. */
export const podRemarks = ({ pods }: NodeStatus): string[] => [
  ...pods.flatMap((pod) => pod.notes.map((note) => `${nameOfPod(pod)}: ${note}`)),
  ...pods.flatMap(overrideLine),
  ...pods.flatMap(violationLine),
];

/** What is said of the node. `drift` is the status's own, in whichever words. */
export function nodeRemarks(status: NodeStatus, drift: readonly string[]): string[] {
  const { agent } = status;
  const lines: string[] = [];
  lines.push(
    ...status.keptAddresses.map(
      ({ address, network, podNamespace, podName, untilMs }) =>
        `address ${address} of network ${network} is kept for ${podNamespace}/${podName} until ${new Date(untilMs).toISOString()}`,
    ),
  );
  lines.push(...status.otherExits.map((exit) => `NOT BY THE UPLINK: ${exitWords(exit)}`));
  lines.push(
    ...status.capacities.flatMap((each) =>
      each.setBits === null ? [] : `CAPACITY SET: ${capacityWords(each)}`,
    ),
  );
  lines.push(...status.shortfalls.map((line) => `NO LONGER FITS: ${line}`));
  if (agent !== null) lines.push(agentLine(agent));
  if (drift.length > 0)
    lines.push("drift (`fairway repair` mends it):", ...drift.map((d) => `  ${d}`));
  return lines;
}
