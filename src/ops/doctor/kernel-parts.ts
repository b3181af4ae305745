/** Tells as findings whether the kernel has the parts that Fairway needs. */
import { type Evidence, kernelEvidence } from "../../kernel/evidence.ts";
import { ageOf, type Part, type Presence, partsFor, presenceOf } from "../../kernel/parts.ts";
import { error, type Finding, ok, warn } from "./finding.ts";
import type { FindingId } from "./finding-ids.ts";

function findingOf(id: FindingId, presence: Presence): Finding {
  switch (presence.is) {
    case "there":
      return ok(id, presence.how);
    case "loadable":
      return ok(id, "a module, which the kernel loads when it is asked for");
    case "missing":
      return error(id, presence.found, presence.todo);
    case "unknown":
      return warn(id, presence.found, presence.todo);
  }
}

export const judgePart = (part: Part, evidence: Evidence): Finding =>
  findingOf(`kernel.${part.module}`, presenceOf(part, evidence));

export const judgeRelease = (release: string): Finding =>
  findingOf("kernel.release", ageOf(release));

export function kernelParts(chained = false): Finding[] {
  const evidence = kernelEvidence();
  return [
    judgeRelease(evidence.release),
    ...partsFor(chained).map((part) => judgePart(part, evidence)),
  ];
}
