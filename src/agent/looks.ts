/**
 * What the agent looks at. All of a node is looked at in two parts: what changes are told of at once, and what
 * lies inside the pods' namespaces, into which one has to go for each pod.
 */
import { linkIndex } from "../kernel/link-index.ts";
import { observe } from "../kernel/observe.ts";
import type { SilentNames } from "../kernel/silent.ts";
import { destination, type Interest } from "../kernel/watch-filter.ts";
import type { Scope } from "../node/reconcile/run.ts";
import { node, only } from "../node/reconcile/scopes.ts";
import type { NodeView } from "../node/reconcile/view.ts";
import { desiredPods } from "../plan/desired.ts";
import type { Attachment } from "../plan/node.ts";
import { ipv6Path, type KernelObject, type State } from "../plan/state.ts";

/** To see a pair whole, its end in the pod has to be looked at. Its end on the node is a port of its own. */
function isInsidePod(object: KernelObject): boolean {
  if (object.kind === "veth") return true;
  return "netns" in object && object.netns !== null && object.netns !== undefined;
}

/** All that `repair` looks at, without what is inside the pods' namespaces. */
export function nodeSide(view: NodeView): Scope {
  const whole = node(view);
  return {
    ...whole,
    desired: () => only(whole.desired(), ({ object }) => !isInsidePod(object)),
  };
}

/** What is inside these pods' namespaces. */
export function podSide(view: NodeView, pods: readonly Attachment[]): Scope {
  const desired = only(desiredPods(view.networks, pods), ({ object }) => isInsidePod(object));
  return { desired: () => desired, observed: observe, steps: ({ steps }) => steps };
}

/** What is set without that the kernel tells anybody. `desired` is that of `nodeSide`. */
export function silentIn(desired: State): SilentNames {
  const [paths, links]: [string[], string[]] = [[], []];
  for (const { object } of desired.values())
    if (object.kind === "sysctl") paths.push(object.path);
    else if (object.kind === "ipv6setting") paths.push(ipv6Path(object));
    else if (object.kind === "hostlink") links.push(object.name);
  return { paths, links };
}

const indexesOf = (devices: Iterable<string>): Set<number> =>
  new Set([...new Set(devices)].map(linkIndex).filter((index) => index !== null));

/** Which notifications concern a node that is to have this. `desired` is that of `nodeSide`. */
export function interestIn(desired: State): Interest {
  const links = new Set<string>();
  const [addressed, queued, destinations] = [
    new Set<string>(),
    new Set<string>(),
    new Set<string>(),
  ];
  for (const { object } of desired.values())
    switch (object.kind) {
      case "bridge":
      case "ifb":
      case "hostlink":
      case "port":
        links.add(object.name);
        break;
      case "address":
      case "ipv6setting":
        addressed.add(object.dev);
        break;
      case "kernelroute":
        destinations.add(destination(object.dst));
        break;
      case "qdisc":
      case "class":
      case "redirect":
        links.add(object.dev);
        queued.add(object.dev);
    }
  return {
    links,
    addressed: indexesOf(addressed),
    queued: indexesOf(queued),
    destinations,
  };
}
