/** What a pod requests of a resource, from what its containers request: the scheduler's own rule. Pure. */

const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, each) => total + each, 0);

export interface InitRequest {
  amount: number;
  /** It has `restartPolicy: Always`, and goes on beside all that come after it. */
  isSidecar: boolean;
}

export const isSidecar = ({ restartPolicy }: Readonly<Record<string, unknown>>): boolean =>
  restartPolicy === "Always";

/**
 * Init containers run one after the other, before the containers. So a pod needs what its containers and sidecars have
 * together, or what an init container has beside the sidecars before it, whichever is more (k8s.io/component-helpers,
 * resource.PodRequests). `inits` are in their order.
 */
export function podRequest(containers: readonly number[], inits: readonly InitRequest[]): number {
  let [sidecars, starting] = [0, 0];
  for (const { amount, isSidecar: goesOn } of inits)
    if (goesOn) sidecars += amount;
    else starting = Math.max(starting, sidecars + amount);
  return Math.max(sum(containers) + sidecars, starting);
}
