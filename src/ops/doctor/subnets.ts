/** Tells whether the pods' subnets meet an address, a route or a router of the node's. */
import { formatCidr } from "../../config/addresses.ts";
import type { NetworkConfig } from "../../config/types.ts";
import { overlapAdvice, overlapsOfNode, overlapText } from "../../node/facts/surroundings.ts";
import type { Overlap } from "../../plan/overlap.ts";
import { attempt, error, type Finding, ok, type Patient, warn } from "./finding.ts";

function judgeOverlap(network: string, overlap: Overlap): Finding {
  const found = overlapText(network, overlap);
  return overlap.kind === "conflict"
    ? error("subnet", `${found}: no pod can start`, overlapAdvice)
    : warn(
        "subnet",
        `${found}, which is larger: what else lies in it is reached that way, and the subnet by the bridge`,
        "make sure that nobody uses these addresses behind that route",
      );
}

/**
 * The subnets are as configured. A network whose addresses another IPAM plugin gives has those that were
 * recorded.
 */
function subnetsOf({ name, ipam }: NetworkConfig, { ledger }: Patient): string[] {
  const recorded = ledger?.network(name)?.base.subnets ?? [];
  const given = ipam.sets.flat().map(({ subnet }) => formatCidr(subnet));
  return [...new Set([...given, ...recorded])];
}

export function subnets(patient: Patient): Finding[] {
  return patient.configs.flatMap((config) => {
    const own = subnetsOf(config, patient);
    if (config.chained || own.length === 0) return [];
    return attempt("subnet", () => {
      const overlaps = overlapsOfNode(own, config.bridge);
      return overlaps.length > 0
        ? overlaps.map((each) => judgeOverlap(config.name, each))
        : [
            ok(
              "subnet",
              `${own.join(", ")} (network ${config.name}): nothing else of the node lies there`,
            ),
          ];
    });
  });
}
