/** What `uninstall` says of its steps in the kernel, and of whom they cost something. */
import type { Step } from "../../plan/diff.ts";
import { titleOf } from "../../plan/state.ts";
import type { LivingPods } from "./living-pods.ts";

/** Says in words what is removed or set back. */
export function wordsOf(step: Step): string {
  if (step.op === "delete") return `remove ${titleOf(step.have)}`;
  const { want } = step;
  const value =
    want.kind === "sysctl" || want.kind === "ipv6setting"
      ? ` to ${want.value}`
      : want.kind === "hostlink"
        ? `, gso_max_size ${want.gsoMaxBytes}`
        : "";
  return `set back ${titleOf(want)}${value}`;
}

/** Says in words what --force costs: whose network or promise it takes. */
export function lossesOf({ known, unknown }: LivingPods, isDryRun: boolean): string[] {
  const names = [...known, ...unknown];
  if (names.length === 0) return [];
  const [noun, have] = names.length === 1 ? ["pod", "has"] : ["pods", "have"];
  const what = isDryRun
    ? `living ${noun} would lose the network, or the promise`
    : `${noun} lived, and ${have} no network now, or no promise`;
  return [`note: ${names.length} ${what}: ${names.join(", ")}; delete them`];
}

/** inet_forward_change() calls dev_disable_lro(), and nothing in the kernel undoes that. */
export function forGood(steps: readonly Step[]): string[] {
  const forwarded = steps.some(
    ({ want }) =>
      want?.kind === "sysctl" && want.path === "net/ipv4/ip_forward" && want.value === "0",
  );
  return forwarded
    ? [
        "note: when forwarding went on, the kernel switched LRO off on interfaces that had it, and leaves it off: `ethtool -K DEVICE lro on` where you want it",
      ]
    : [];
}
