/** The kernel's parts that Fairway needs, as findings. */
import { type Evidence, kernelEvidence } from "../../kernel/evidence.ts";
import { type Part, partsFor, presenceOf } from "../../kernel/parts.ts";
import { error, type Finding, ok, warn } from "./finding.ts";

export function judgePart(part: Part, evidence: Evidence): Finding {
  const id = `kernel.${part.module}`;
  const presence = presenceOf(part, evidence);
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

export function kernelParts(chained = false): Finding[] {
  const evidence = kernelEvidence();
  return partsFor(chained).map((part) => judgePart(part, evidence));
}
