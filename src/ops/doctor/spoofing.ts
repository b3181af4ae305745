/** Tells whether pods are kept to their own addresses, and which of them tried others. */
import { readViolations, type SpoofCount } from "../../kernel/read/tables.ts";
import { guardRefusalHere } from "../../node/reconcile/base.ts";
import { NodeView } from "../../node/reconcile/view.ts";
import type { Attachment } from "../../plan/node.ts";
import { holderName } from "../../promise/held.ts";
import { violationWords } from "../status/words.ts";
import { attempt, type Finding, ok, type Patient, warn } from "./finding.ts";

const id = "spoofing";

/** `counted` is by host interface. */
export function judgeSpoofing(
  pods: readonly Attachment[],
  counted: ReadonlyMap<string, SpoofCount>,
): Finding[] {
  const found = pods.flatMap((pod) => {
    const packets = counted.get(pod.hostVeth)?.packets ?? 0;
    return packets === 0
      ? []
      : [
          warn(
            id,
            `${holderName(pod)} ${violationWords(packets)}`,
            `look into that pod, or see what it sends: tcpdump -e -i ${pod.hostVeth}. If it has to send under other addresses (a virtual IP, a bridge inside), antiSpoof: false in the conflist lets all pods`,
          ),
        ];
  });
  return found.length > 0 ? found : [ok(id, "no pod sent anything under another's address")];
}

function kernelPart(): Finding[] {
  return attempt("kernel.nf_tables_bridge", () => {
    const refused = guardRefusalHere();
    if (refused !== null) throw refused;
    return [ok("kernel.nf_tables_bridge", "takes the rules that keep pods to their own addresses")];
  });
}

function ofPods({ ledger, configs }: Patient): Finding[] {
  if (ledger === null) return [];
  const networks = new NodeView(ledger).networks;
  if (networks.length === 0) return [];
  if (!networks.some(({ antiSpoof }) => antiSpoof === true)) {
    const asked = configs.some(({ antiSpoof }) => antiSpoof);
    return [
      ok(id, asked ? "off: the next ADD sets it up" : "off: antiSpoof is false in the conflist"),
    ];
  }
  return attempt(id, () => judgeSpoofing(ledger.attachments.all(), readViolations()));
}

export function spoofing(patient: Patient): Finding[] {
  const wanted = patient.configs.some(({ antiSpoof }) => antiSpoof);
  return [...(wanted ? kernelPart() : []), ...ofPods(patient)];
}
