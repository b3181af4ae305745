/**
 * Makes the kernel forget what it keeps of pods by their addresses, where the pods were on a bridge of ours.
 */
import { forgetFormerPod, forgetPod, type Whereabouts } from "../../kernel/forget/pod.ts";
import type { Step } from "../../plan/diff.ts";
import { type Attachment, isChained, type NetworkBase } from "../../plan/node.ts";
import { addressesGone } from "../../plan/traces.ts";
import { span } from "../../trace.ts";

/** null means that the addresses are another plugin's, and that what is kept of them is, too. */
function whereaboutsOf({ leases }: Attachment, base: NetworkBase): Whereabouts | null {
  if (isChained(base)) return null;
  return { bridge: base.ingress.name, addresses: leases.map(({ address }) => address) };
}

/**
 * Call it when the pod can send nothing any more and its interface is still there. Throws kernelRefused,
 * tryAgain.
 */
export function forgetGoing(attachment: Attachment, base: NetworkBase): void {
  const pod = whereaboutsOf(attachment, base);
  if (pod !== null) span("forget the pod", () => forgetPod(pod));
}

/** Call it before a pod comes to these addresses. Throws kernelRefused, tryAgain. */
export function forgetBefore(attachment: Attachment, base: NetworkBase): void {
  const pod = whereaboutsOf(attachment, base);
  if (pod !== null) span("forget a former pod", () => forgetFormerPod(pod));
}

/** Forgets the pods that these steps removed, whoever they were. Throws kernelRefused, tryAgain. */
export function forgetRemoved(steps: readonly Step[], networks: readonly NetworkBase[]): void {
  const [first] = networks;
  const addresses = addressesGone(steps);
  if (first === undefined || isChained(first) || addresses.length === 0) return;
  forgetPod({ bridge: first.ingress.name, addresses });
}
