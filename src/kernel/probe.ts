/** Whether the kernel has a queue as it is wanted: asked by making one, on a device for that alone. */
import type { FairwayError } from "../errors.ts";
import type { Step } from "../plan/diff.ts";
import { differences } from "../plan/differences.ts";
import { bridgeMac, probeDevice } from "../plan/names.ts";
import { baseOwner, type KernelObject, type Qdisc, type QdiscSpec } from "../plan/state.ts";
import { applySteps } from "./apply.ts";
import { NetlinkSocket } from "./netlink/socket.ts";
import { innerSpec } from "./observe.ts";
import { linkNamed } from "./read/links.ts";
import { allQdiscs } from "./read/tc.ts";

/** A bridge, because a node without bridges cannot hold pods anyway. It stays down. */
const device: KernelObject = {
  kind: "bridge",
  name: probeDevice,
  mac: bridgeMac(probeDevice),
  mtuBytes: 1500,
  up: false,
};

const create = (want: KernelObject): Step => ({
  op: "create",
  owner: baseOwner,
  want,
  have: null,
  why: "probing",
});
const remove = (have: KernelObject): Step => ({
  op: "delete",
  owner: baseOwner,
  want: null,
  have,
  takes: [],
  why: "probed",
});

function refusal(step: Step): FairwayError | null {
  return applySteps([step])?.error ?? null;
}

function must(step: Step): void {
  const refused = refusal(step);
  if (refused !== null) throw refused;
}

/** Also what an earlier probe left that was killed in the middle; not a device of somebody else's of that name. */
function removeDevice(): void {
  using socket = new NetlinkSocket();
  const link = linkNamed(socket, probeDevice);
  if (link?.type !== "bridge" || link.mac !== bridgeMac(probeDevice)) return;
  // Once more: nobody else would look for it until the next boot.
  if (refusal(remove(device)) !== null) must(remove(device));
}

function madeOf(want: Qdisc): Qdisc | null {
  using socket = new NetlinkSocket();
  const index = linkNamed(socket, want.dev)?.index;
  const entry = allQdiscs(socket).find((q) => q.ifindex === index && q.parent === want.parent);
  return entry === undefined ? null : { ...want, handle: entry.handle, spec: innerSpec(entry) };
}

/** tc or the kernel knows the queue, and not all of its settings. Any other refusal says nothing about the queue. */
const tooOld = /What is "|Invalid argument/;

/** null: it has it, exactly as asked for. Otherwise why not, in the kernel's words or in what differs. */
function tryOne(spec: QdiscSpec, handle: string): string | null {
  const want: Qdisc = { kind: "qdisc", dev: probeDevice, parent: "root", handle, spec };
  const refused = refusal(create(want));
  if (refused !== null) {
    if (refused.kind !== "missingKernelPart" && !tooOld.test(refused.message)) throw refused;
    return refused.message.replace(/^could not create .*?: /, "");
  }
  const made = madeOf(want);
  const found = made === null ? ["it is not there after it was made"] : differences(want, made);
  return found.length === 0 ? null : found.join(", ");
}

/**
 * For each of the queues: null, or why the kernel does not offer it. Nothing is left of it. One at a
 * time on a node: under the ledger's lock. Throws what says nothing about the queues.
 */
export function probeQueues(specs: QdiscSpec[]): (string | null)[] {
  removeDevice();
  try {
    must(create(device));
    return specs.map((spec, index) => tryOne(spec, `${(index + 1).toString(16)}:`));
  } finally {
    removeDevice();
  }
}
