/**
 * Judges whether an attachment's sandbox is gone. What may be alive does not count as gone: in doubt nothing
 * is freed.
 */
import type { NetnsKind } from "../../kernel/netns.ts";
import type { Phase } from "../../plan/node.ts";

export interface Evidence {
  phase: Phase;
  /** What its path leads to; `unreadable` says why that cannot be told. */
  netns: NetnsKind | { unreadable: string };
  /** The node's end of its pair. It is "not to be told" where we are not in the node's own namespace. */
  hostVeth: "there" | "gone" | "not to be told";
  /** Whether the runtime lists it; null means that no runtime was asked. */
  isListed: boolean | null;
  ageMs: number;
}

export type Verdict =
  | { fate: "alive" }
  /** It looks gone, but it may be alive. */
  | { fate: "in doubt"; why: string }
  | { fate: "gone"; why: string };

/**
 * A runtime lists a sandbox once it runs, some time after its ADD: this is longer than kubelet waits for
 * that (runtimeRequestTimeout, 2 min, twice: kuberuntime's RunPodSandbox).
 */
const listedWithinMs = 5 * 60_000;

const alive: Verdict = { fate: "alive" };
const gone = (why: string): Verdict => ({ fate: "gone", why });
const inDoubt = (why: string): Verdict => ({ fate: "in doubt", why });

function judgeListed({ ageMs }: Evidence): Verdict {
  return ageMs < listedWithinMs
    ? inDoubt(
        `the runtime does not list it, but it was added less than ${listedWithinMs / 60_000} minutes ago`,
      )
    : gone("the runtime does not list it");
}

/**
 * Judges an attachment that nobody is at work on. If it is in the middle of an ADD or a DEL, that process has
 * died. A namespace whose path is gone may live on, in another mount namespace or by a process. A pair lives
 * as long as the pod's end of it does.
 */
export function judge(evidence: Evidence): Verdict {
  const { phase, netns, hostVeth, isListed } = evidence;
  if (phase === "adding") return gone("its ADD died");
  if (phase === "deleting") return gone("its DEL died, or was refused");
  if (isListed === true) return alive;
  if (typeof netns === "object")
    return inDoubt(`its namespace cannot be looked at: ${netns.unreadable}`);
  const isPathGone = netns === "absent" || netns === "not a network namespace";
  if (isPathGone && hostVeth === "gone")
    return gone("its namespace is gone, and its host interface with it");
  if (isListed === false) return judgeListed(evidence);
  if (!isPathGone) return alive;
  return hostVeth === "there"
    ? inDoubt("nothing is at its namespace's path, but its host interface is there")
    : inDoubt(
        "nothing is at its namespace's path, and this is not the node's network namespace: its host interface cannot be seen from here",
      );
}
