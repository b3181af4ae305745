/**
 * Finds out whether the kernel has a queue as it is wanted, by making one on a device that exists only for
 * this.
 */
import { differences, type Step } from "../plan/diff.ts";
import { type Qdisc, type QdiscSpec, qdiscOf } from "../plan/kinds/qdisc.ts";
import { bridgeMac, probeDevice } from "../plan/names.ts";
import { baseOwner, type KernelObject } from "../plan/state.ts";
import { applyAlone } from "./apply.ts";
import { innerSpec } from "./kinds/qdisc.ts";
import { NetlinkSocket } from "./netlink/socket.ts";
import { linkNamed } from "./read/links.ts";
import { allQdiscs } from "./read/tc.ts";

/** The device is a bridge, because a node without bridges cannot hold pods anyway. It stays down. */
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

function must(step: Step): void {
  const refused = applyAlone(step);
  if (refused !== null) throw refused;
}

/**
 * Removes also the device of an earlier probe that was killed in the middle, but not somebody else's device
 * of that name.
 */
function removeDevice(): void {
  using socket = new NetlinkSocket();
  const link = linkNamed(socket, probeDevice);
  if (link?.type !== "bridge" || link.mac !== bridgeMac(probeDevice)) return;
  // This is tried once more, because nobody else would look for the device until the next boot.
  if (applyAlone(remove(device)) !== null) must(remove(device));
}

function madeOf(want: Qdisc): Qdisc | null {
  using socket = new NetlinkSocket();
  const index = linkNamed(socket, want.dev)?.index;
  const entry = allQdiscs(socket).find((q) => q.ifindex === index && q.parent === want.parent);
  return entry === undefined ? null : { ...want, handle: entry.handle, spec: innerSpec(entry) };
}

/**
 * These messages mean that tc or the kernel knows the queue, but not all of its settings. Any other refusal
 * says nothing about the queue.
 */
const tooOld = /What is "|Invalid argument/;

/**
 * null means that the kernel has it exactly as asked for. Otherwise the text tells why not, in the kernel's
 * words or by what differs.
 */
function tryOne(spec: QdiscSpec, handle: string): string | null {
  const want = qdiscOf(probeDevice, "root", handle, spec);
  const refused = applyAlone(create(want));
  if (refused !== null) {
    if (refused.kind !== "missingKernelPart" && !tooOld.test(refused.message)) throw refused;
    return refused.message.replace(/^could not create .*?: /, "");
  }
  const made = madeOf(want);
  const found = made === null ? ["it is not there after it was made"] : differences(want, made);
  return found.length === 0 ? null : found.join(", ");
}

/**
 * For each of the queues the result is null, or why the kernel does not offer it. Nothing is left on the
 * node. Only one probe may run on a node at a time, so it runs under the ledger's lock. Throws errors that
 * say nothing about the queues.
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
