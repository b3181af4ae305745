/**
 * ADD writes a row to the ledger first, and then changes the kernel. Where something fails, both are taken
 * back.
 */
import { FairwayError } from "../../errors.ts";
import { chosenBackend } from "../../kernel/backend.ts";
import { observe } from "../../kernel/observe.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { leaveToOthers } from "../../patience.ts";
import { desiredPod } from "../../plan/desired.ts";
import {
  type Attachment,
  type AttachmentKey,
  attachmentName,
  type NetworkBase,
  type TreeSettings,
} from "../../plan/node.ts";
import { type KernelObject, keyOf, type State } from "../../plan/state.ts";
import { hasEgressTarget } from "../../promise/latency.ts";
import { span } from "../../trace.ts";
import { moveCursors } from "../addresses/choose.ts";
import { grantedSubnets } from "../addresses/granted.ts";
import { forgetEarlierBoots } from "../addresses/keep.ts";
import { withCapacityInForce } from "../facts/capacity.ts";
import { refuseOtherWay } from "../facts/chained.ts";
import { recordHome } from "../facts/home.ts";
import { ensureLeafKind } from "../facts/leaf-queues.ts";
import { refuseLostLedger } from "../facts/lost-ledger.ts";
import { mustAgree } from "../facts/network.ts";
import { refuseNewOverlaps, rememberAround } from "../facts/surroundings.ts";
import { ensureBase } from "../reconcile/base.ts";
import { forgetBefore } from "../reconcile/forget.ts";
import { locked, setPhase } from "../reconcile/locked.ts";
import { type Lock, type Options, type Outcome, reconcile, type Scope } from "../reconcile/run.ts";
import { allSteps, leavesOf, withoutLeaves } from "../reconcile/scopes.ts";
import { keepInForce } from "../reconcile/shares.ts";
import { NodeView } from "../reconcile/view.ts";
import { whileAtWork } from "./at-work.ts";
import { disconnect } from "./detach.ts";
import { LeftBehind } from "./left-behind.ts";
import { type AttachAsk, propose } from "./propose.ts";
import { isShortage, sweep } from "./sweep.ts";

/** Records the attachment, and returns it with what its network asks of the base at this moment. */
function recordIntent(
  ledger: Ledger,
  given: AttachAsk,
  rawConfig: string,
): { attachment: Attachment; base: NetworkBase } {
  return locked(ledger, (lock) => {
    refuseLostLedger(ledger);
    forgetEarlierBoots(ledger);
    recordHome(ledger);
    const asked = withCapacityInForce(ledger, given);
    for (const other of new NodeView(ledger).networks)
      if (other.network !== asked.key.network) mustAgree(asked.base, other);
    if (asked.port !== null) refuseOtherWay(ledger, asked.key.network, asked.base.ingress);
    const mover = { promise: asked.promise, mtuBytes: asked.base.mtuBytes };
    return keepInForce(lock, asked.base.trees, [mover], () => {
      const { attachment, chosen } = propose(ledger, asked);
      ledger.attachments.insert(attachment);
      moveCursors(ledger, attachment.network, chosen);
      ledger.recordNetwork({ name: asked.key.network, config: rawConfig, base: asked.base });
      return { attachment, base: asked.base };
    });
  });
}

function refuseTakenInterface({ netns, ifname, hostVeth }: Attachment, present: State): void {
  const has = (object: KernelObject): boolean => present.has(keyOf(object));
  if (has({ kind: "podlink", netns, name: ifname, mac: "", mtuBytes: 0, gsoMaxBytes: 0, up: true }))
    throw new FairwayError(
      "attachmentExists",
      `interface ${ifname} exists already in ${netns}`,
      "give another CNI_IFNAME, or DEL the attachment that made it",
    );
  if (has({ kind: "veth", name: hostVeth, netns, ifname }))
    throw new FairwayError(
      "kernelRefused",
      `host interface ${hostVeth} exists already, and no row of this ledger owns it`,
      "another dataDir is in use on this node, or the ledger was lost: `fairway explain` shows what there is, `fairway repair` removes what is nobody's",
    );
}

/** Where `act` fails, the pod's part in the kernel is removed. Throws LeftBehind where that fails, too. */
function whileConnected<T>(attachment: Attachment, base: NetworkBase, act: () => T): T {
  try {
    return act();
  } catch (error) {
    try {
      disconnect(attachment, base);
    } catch (left) {
      throw new LeftBehind(error, left);
    }
    throw error;
  }
}

/**
 * A row that cannot be removed now stays in phase "adding", and the runtime's DEL finds it. This throws
 * nothing, because the reason why the ADD failed matters more.
 */
function forget(
  ledger: Ledger,
  attachment: Attachment,
  trees: TreeSettings,
  failure: unknown,
): void {
  try {
    const removal = () => ledger.attachments.remove(attachment);
    locked(ledger, (lock) => keepInForce(lock, trees, [attachment], removal));
  } catch (error) {
    if (failure instanceof Error && failure.cause === undefined) failure.cause = error;
  }
}

/** What the pod has. What is somebody else's is not taken away when it is found in our place. */
function connection(attachment: Attachment, desired: State): Scope {
  // After the first look, what is there was made by this ADD.
  let isFirst = true;
  return {
    desired: () => desired,
    observed: () => {
      const observed = observe(desired);
      if (isFirst) refuseTakenInterface(attachment, observed);
      isFirst = false;
      return observed;
    },
    steps: allSteps,
  };
}

/**
 * Everything is made as if nothing of it were there yet, which is nearly always so. Each object is made anew
 * or refused, so nothing that was there before is taken for ours. This is not done for an interface of another
 * plugin, because some of that is changed and not made; nor with tools, because their words do not tell what
 * is there already.
 */
function assumptionOf({ chained = null }: Attachment): Pick<Options, "assumed"> {
  return chained === null && chosenBackend() === "netlink" ? { assumed: new Map() } : {};
}

/** The pod's classes, under the lock: what is in force for them may change until they are there. */
const ownLeaves = (view: NodeView, attachment: Attachment, base: NetworkBase): Scope => ({
  desired: () => leavesOf(desiredPod(view.inForce(attachment, base.trees), base)),
  observed: observe,
  steps: ({ steps }) => steps,
});

/** What could not be taken back is looked for by `disconnect`, so only the refusal itself is thrown. */
function mustBeDone({ failure }: Outcome): void {
  if (failure !== null) throw failure;
}

/**
 * Makes what the pod has in the kernel, and sets its row to "ready". With `overcommit: "scale"`, and with a
 * latency target, other ADDs may change what is in force for this pod before its classes are there to be
 * changed. So its classes are made under the lock. Otherwise pods share nothing, and everything is made
 * without the lock.
 */
function putInForce(ledger: Ledger, attachment: Attachment, base: NetworkBase): void {
  const pod = desiredPod(attachment, base);
  const isShared = base.trees.overcommit === "scale" || hasEgressTarget(attachment.promise);
  const desired = isShared ? withoutLeaves(pod) : pod;
  forgetBefore(attachment, base);
  // What is thrown here is of what somebody else has in our place: of the pod there is nothing to remove.
  const connected = reconcile(connection(attachment, desired), assumptionOf(attachment));
  whileConnected(attachment, base, () => {
    mustBeDone(connected);
    const becomeReady = (lock: Lock) => {
      if (isShared)
        mustBeDone(reconcile(ownLeaves(new NodeView(ledger), attachment, base), { lock }));
      setPhase(lock, attachment, "ready");
    };
    span("phase ready", () => locked(ledger, becomeReady));
  });
}

/** The error with the names of the attachments that were freed, because nothing is freed in silence. */
function toldOf(freed: AttachmentKey[], error: unknown): unknown {
  if (!(error instanceof FairwayError)) return error;
  const names = freed.map(attachmentName).join(", ");
  const told = `Freed before that, since their sandboxes are gone: ${names}.`;
  return new FairwayError(error.kind, error.message, `${error.details ?? ""} ${told}`.trim(), {
    cause: error,
  });
}

/**
 * What is short may be held by attachments that nobody will come for. Then they are freed, and the ADD is
 * tried once more.
 */
function recordWhereItFits(
  ledger: Ledger,
  asked: AttachAsk,
  rawConfig: string,
  tellFreed: (freed: AttachmentKey[]) => void,
): ReturnType<typeof recordIntent> {
  try {
    return recordIntent(ledger, asked, rawConfig);
  } catch (error) {
    if (!isShortage(error)) throw error;
    leaveToOthers("there is no room, unless sandboxes that are gone are freed", error);
    const freed = sweep(ledger, null).freed.map(({ attachment }) => attachment);
    if (freed.length === 0) throw error;
    tellFreed(freed);
    try {
      return recordIntent(ledger, asked, rawConfig);
    } catch (again) {
      throw toldOf(freed, again);
    }
  }
}

/** The base with the subnets that this pod's addresses will come from, or have come from. */
function withAskedSubnets({ base, granted }: AttachAsk): NetworkBase {
  return granted === null ? base : { ...base, subnets: grantedSubnets(granted) };
}

function attachAlone(
  ledger: Ledger,
  asked: AttachAsk,
  rawConfig: string,
  tellFreed: (freed: AttachmentKey[]) => void,
): Attachment {
  const around = span("surroundings", () => refuseNewOverlaps(ledger, withAskedSubnets(asked)));
  span("leaf queues", () => ensureLeafKind(ledger, asked.base));
  const { attachment, base } = span("record", () =>
    recordWhereItFits(ledger, asked, rawConfig, tellFreed),
  );
  try {
    span("base", () => ensureBase(ledger));
    span("pod", () => putInForce(ledger, attachment, base));
    if (around !== null) rememberAround(ledger, around);
    return { ...attachment, phase: "ready" };
  } catch (error) {
    if (!(error instanceof LeftBehind)) forget(ledger, attachment, base.trees, error);
    throw error;
  }
}

/**
 * Returns the attachment once it is in force. Throws the error that refused it; then nothing of it is left,
 * except its row where the error is LeftBehind. `tellFreed` gets the attachments that were freed to make
 * room, if there were any, whether the ADD succeeds or not.
 */
export function attach(
  ledger: Ledger,
  asked: AttachAsk,
  rawConfig: string,
  tellFreed: (freed: AttachmentKey[]) => void = () => {},
): Attachment {
  return whileAtWork(ledger, asked.key, () => attachAlone(ledger, asked, rawConfig, tellFreed));
}
