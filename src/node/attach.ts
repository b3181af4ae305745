/** ADD: a row in the ledger first, then the kernel; whatever fails takes both back. */
import { FairwayError } from "../errors.ts";
import { applyOrRollBack } from "../kernel/apply.ts";
import { netnsKind } from "../kernel/netns.ts";
import { observe } from "../kernel/observe.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { desiredPod } from "../plan/desired.ts";
import { diff } from "../plan/diff.ts";
import type { LeafKind } from "../plan/leaf-queue.ts";
import type { Attachment, NetworkBase } from "../plan/node.ts";
import { type KernelObject, keyOf, type State } from "../plan/state.ts";
import { ensureBase, enterPhase, liveNetworks } from "./base.ts";
import { mustAgree } from "./network.ts";
import { type Asked, propose } from "./propose.ts";

/** Throws invalidNetns where a path is not another network namespace. */
export function requireNetns(path: string, ownAllowed: boolean): void {
  const kind = netnsKind(path);
  if (kind === "other" || (kind === "own" && ownAllowed)) return;
  const found = {
    absent: "there is nothing at that path",
    own: "it is the namespace that fairway itself runs in",
    "not a network namespace": "it is not a network namespace",
  }[kind];
  throw new FairwayError(
    "invalidNetns",
    `CNI_NETNS ${path}: ${found}`,
    "CNI_NETNS must be the path of the pod's network namespace, such as /run/netns/NAME",
  );
}

function recordIntent(ledger: Ledger, asked: Asked, rawConfig: string): Attachment {
  return ledger.exclusively(() => {
    ledger.forgetEarlierBoots();
    for (const other of liveNetworks(ledger))
      if (other.network !== asked.key.network) mustAgree(asked.base, other);
    const { attachment, cursor } = propose(ledger, asked);
    ledger.attachments.insert(attachment);
    ledger.setCursor(attachment.network, cursor.set, cursor.value);
    ledger.recordNetwork({ name: asked.key.network, config: rawConfig, base: asked.base });
    return attachment;
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

function connect(attachment: Attachment, base: NetworkBase, leafKind: LeafKind): void {
  const desired = desiredPod(attachment, base, leafKind);
  const observed = observe(desired);
  refuseTakenInterface(attachment, observed);
  applyOrRollBack(diff(desired, observed).steps);
}

/** A row that cannot be removed now is in phase "adding", and the runtime's DEL finds it: why the ADD failed matters more. */
function forget(ledger: Ledger, attachment: Attachment, failure: unknown): void {
  try {
    ledger.exclusively(() => ledger.attachments.remove(attachment));
  } catch (error) {
    if (failure instanceof Error && failure.cause === undefined) failure.cause = error;
  }
}

/** The attachment, in force. Throws what refused it; nothing of it is left then. */
export function attach(ledger: Ledger, asked: Asked, rawConfig: string): Attachment {
  const attachment = recordIntent(ledger, asked, rawConfig);
  try {
    const leafKind = ensureBase(ledger, liveNetworks(ledger));
    connect(attachment, asked.base, leafKind);
    enterPhase(ledger, attachment, "ready");
    return { ...attachment, phase: "ready" };
  } catch (error) {
    forget(ledger, attachment, error);
    throw error;
  }
}
