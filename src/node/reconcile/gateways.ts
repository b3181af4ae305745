/**
 * The gateways that Fairway put on its bridge since the node booted. A network's subnet may change while pods
 * of the former one live. The former gateway stays until the last of them is gone. Then it is removed,
 * because otherwise all addresses of its subnet would be sought on the bridge for ever.
 */
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { observe } from "../../kernel/observe.ts";
import { addressesOf, linkNamed } from "../../kernel/read/links.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import type { Plan, Step } from "../../plan/diff.ts";
import { gatewaysToRemove, withGateways } from "../../plan/gateways.ts";
import { isChained, type NetworkBase } from "../../plan/node.ts";
import { type Address, baseOwner, type Entry, type State, stateOf } from "../../plan/state.ts";
import { type Lock, reconcile, required } from "./run.ts";

const prefix = "gateway ";
/** The key ends with a bar, so that no key begins with another. */
const keyOf = (cidr: string): string => `${prefix}${cidr}|`;

/** Who put it there. Only what we made is ours to take away. */
type Origin = "made" | "found";

function recorded(view: LedgerView): { cidr: string; origin: Origin }[] {
  return [...view.factsUnder(prefix)].map(([key, origin]) => ({
    cidr: key.slice(prefix.length, -1),
    origin: origin as Origin,
  }));
}

const isGateway = (object: Step["want"]): object is Address =>
  object?.kind === "address" && object.netns === null;

/** Call it inside `exclusively`, before the steps that bring a base to `desired` are applied. */
export function recordGateways(ledger: Ledger, desired: State, steps: readonly Step[]): void {
  const known = new Map(recorded(ledger).map(({ cidr, origin }) => [cidr, origin]));
  const made = new Set(steps.flatMap(({ want }) => (isGateway(want) ? [want.cidr] : [])));
  for (const { object } of desired.values()) {
    if (!isGateway(object)) continue;
    const { cidr } = object;
    if (made.has(cidr) && known.get(cidr) !== "made") ledger.setFact(keyOf(cidr), "made");
    else if (!known.has(cidr)) ledger.setFact(keyOf(cidr), "found");
  }
}

/** The networks, each with the gateways of a former configuration that its pods still use. */
export function withGatewaysInUse(view: LedgerView, networks: NetworkBase[]): NetworkBase[] {
  const [first] = networks;
  if (first === undefined || isChained(first)) return networks;
  const asked = new Set(networks.flatMap(({ gateways }) => gateways));
  const former = recorded(view).filter(({ cidr }) => !asked.has(cidr));
  if (former.length === 0) return networks;
  const users = former.map(({ cidr }) => ({ cidr, networks: view.networksBehind(cidr) }));
  return networks.map((base) =>
    withGateways(
      base,
      users.filter((each) => each.networks.includes(base.network)).map(({ cidr }) => cidr),
    ),
  );
}

/** The gateways that we made, that no network of this boot asks for, and that no pod uses. */
export function formerGateways(view: LedgerView): string[] {
  const made = recorded(view).filter(({ origin }) => origin === "made");
  if (made.length === 0) return [];
  const asked = new Set(
    view.networks().flatMap(({ isOfThisBoot, base }) => (isOfThisBoot ? base.gateways : [])),
  );
  return made.flatMap(({ cidr }) =>
    asked.has(cidr) || view.networksBehind(cidr).length > 0 ? [] : [cidr],
  );
}

/** The same gateways as they are on the bridge, which are to be taken away. */
function formerGatewaysThere(view: LedgerView, bridge: string): State {
  const former = formerGateways(view);
  if (former.length === 0) return new Map();
  using socket = new NetlinkSocket();
  const index = linkNamed(socket, bridge)?.index;
  const present = index === undefined ? [] : addressesOf(socket, index);
  return stateOf(
    gatewaysToRemove(bridge, former, present).map((object) => ({ owner: baseOwner, object })),
  );
}

/** The same for the bridge of these networks. It is empty where the bridge is not ours. */
export function formerGatewaysOf(view: LedgerView, networks: readonly NetworkBase[]): State {
  const [first] = networks;
  return first === undefined || isChained(first)
    ? new Map()
    : formerGatewaysThere(view, first.ingress.name);
}

/** All gateways that we made and that are still there. */
export function gatewaysMadeThere(view: LedgerView, bridge: string): State {
  const made = recorded(view).flatMap(({ cidr, origin }): Entry[] =>
    origin === "made"
      ? [{ owner: baseOwner, object: { kind: "address", netns: null, dev: bridge, cidr } }]
      : [],
  );
  return observe(stateOf(made));
}

/**
 * Call it inside `exclusively`, once these steps are done (null means that all gateways are gone). Whoever
 * puts one there again is somebody else.
 */
export function forgetGateways(ledger: Ledger, steps: readonly Step[] | null): void {
  if (steps === null) {
    ledger.forgetFactsUnder(prefix);
    return;
  }
  for (const { op, have } of steps)
    if (op === "delete" && isGateway(have)) ledger.forgetFactsUnder(keyOf(have.cidr));
}

/** Throws what the kernel refuses. */
export function removeFormerGateways(lock: Lock, bridge: string): void {
  const former = {
    desired: () => new Map(),
    observed: () => formerGatewaysThere(lock.ledger, bridge),
    steps: ({ steps }: Plan) => steps,
  };
  forgetGateways(lock.ledger, required(reconcile(former, { lock })));
}
