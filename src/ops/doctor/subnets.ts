/** Tells whether the pods' subnets meet an address, a route or a router of the node's. */
import { overlapAdvice, overlapsOfNode, overlapText } from "../../node/facts/surroundings.ts";
import type { Overlap } from "../../plan/overlap.ts";
import { attempt, error, type Finding, ok, type Patient, warn } from "./finding.ts";
import { subnetsOf } from "./pod-networks.ts";

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
