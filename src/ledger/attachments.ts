/** The attachments, with their leases. There is one row of the ledger for each interface of a pod. */
import { FairwayError } from "../errors.ts";
import {
  type Attachment,
  type AttachmentKey,
  attachmentName,
  type Phase,
  type PodAsks,
  type PodPromise,
} from "../plan/node.ts";
import { insertRows, type RecordedAttachment, readRows } from "./attachment-rows.ts";
import { freeClassMinor } from "./class-minors.ts";
import { isConstraint } from "./failures.ts";
import { leaseHolder } from "./leases.ts";
import { type Promised, promisedSums } from "./promised.ts";
import type { Store } from "./store.ts";
import { upMsNow } from "./up-time.ts";

export interface AttachmentsView {
  find(key: AttachmentKey): RecordedAttachment | null;
  /** Sorted by network, container and interface. They are of all networks unless one is named. */
  all(network?: string): RecordedAttachment[];
  /** Whether there are any, in all networks unless one is named. */
  any(network?: string): boolean;
  /** The attachments with a latency target, in the order of `all`. */
  withTarget(): RecordedAttachment[];
  /** 0 means that there is no attachment. */
  largestMtuBytes(): number;
  /** What all attachments were promised, as leaf rates. */
  promised(): Promised;
  byPod(namespace: string, name: string): RecordedAttachment[];
  /** The lowest minor number that no pod's class has. Throws poolExhausted. */
  freeClassMinor(): number;
}

export interface Attachments extends AttachmentsView {
  /**
   * To be called inside `exclusively`. Throws attachmentExists if the key, the host veth or the class is
   * held, addressInUse if an address is. Each error names the holder, and nothing is written then.
   */
  insert(attachment: Attachment, createdAtMs?: number): void;
  /** Returns whether there was one. */
  setPhase(key: AttachmentKey, phase: Phase): boolean;
  /** To be called inside `exclusively`. Returns whether there was one. */
  setPromise(key: AttachmentKey, promise: PodPromise, asks: PodAsks): boolean;
  /** Its leases are deleted with it. Returns whether there was one. */
  remove(key: AttachmentKey): boolean;
}

/**
 * The statement names its own index, because SQLite may prefer one that spares it the sorting of all rows:
 * that took 40 ms with 60,000 rows.
 */
const idsWithTarget = `SELECT id FROM attachments INDEXED BY attachments_with_target
  WHERE boot_id = ? AND promise ->> '$.latencyTargetUs' IS NOT NULL`;

const ofKey = "boot_id = ? AND network = ? AND container_id = ? AND ifname = ?";

export function attachmentsOf(store: Store): Attachments {
  const { bootId } = store;

  const rows = (where: string, ...params: string[]): RecordedAttachment[] =>
    readRows(store, where, bootId, ...params);

  const find = (key: AttachmentKey): RecordedAttachment | null =>
    rows(ofKey, key.network, key.containerId, key.ifname)[0] ?? null;

  return {
    find,
    all: (network) =>
      network === undefined
        ? rows("a.boot_id = ?")
        : rows("a.boot_id = ? AND a.network = ?", network),
    any: (network) =>
      (network === undefined
        ? store.get("SELECT 1 FROM attachments WHERE boot_id = ? LIMIT 1", bootId)
        : store.get(
            "SELECT 1 FROM attachments WHERE boot_id = ? AND network = ? LIMIT 1",
            bootId,
            network,
          )) !== null,

    withTarget: () => rows(`a.id IN (${idsWithTarget})`),

    largestMtuBytes: () =>
      store.get<{ bytes: number | null }>(
        "SELECT max(mtu_bytes) AS bytes FROM attachments WHERE boot_id = ?",
        bootId,
      )?.bytes ?? 0,

    promised: () => promisedSums(store),
    byPod: (namespace, name) =>
      rows("a.boot_id = ? AND a.pod_namespace = ? AND a.pod_name = ?", namespace, name),

    insert(attachment, atMs = Date.now()) {
      store.assertExclusive("insert()");
      try {
        store.whole(() => insertRows(store, attachment, { atMs, upMs: upMsNow() }));
      } catch (error) {
        const cause = error instanceof FairwayError ? error.cause : error;
        throw (isConstraint(cause) ? conflictOf(store, find, attachment) : null) ?? error;
      }
    },

    setPhase: (key, phase) =>
      store.run(
        `UPDATE attachments SET phase = ? WHERE ${ofKey}`,
        phase,
        bootId,
        key.network,
        key.containerId,
        key.ifname,
      ) > 0,

    setPromise: (key, promise, asks) => {
      store.assertExclusive("setPromise()");
      return (
        store.run(
          `UPDATE attachments SET promise = ?, asks = ? WHERE ${ofKey}`,
          JSON.stringify(promise),
          JSON.stringify(asks),
          bootId,
          key.network,
          key.containerId,
          key.ifname,
        ) > 0
      );
    },

    remove: (key) =>
      store.run(
        `DELETE FROM attachments WHERE ${ofKey}`,
        bootId,
        key.network,
        key.containerId,
        key.ifname,
      ) > 0,

    freeClassMinor: () => freeClassMinor(store),
  };
}

/** The conflict that refused an insert, in words. It is null if nobody was in the way. */
function conflictOf(
  store: Store,
  find: (key: AttachmentKey) => RecordedAttachment | null,
  wanted: Attachment,
): FairwayError | null {
  const same = find(wanted);
  if (same !== null) {
    const addresses = same.leases.map((lease) => lease.address).join(", ") || "no address";
    return new FairwayError(
      "attachmentExists",
      `the attachment ${attachmentName(wanted)} exists, with ${addresses}`,
      "DEL it before another ADD",
    );
  }
  for (const { address } of wanted.leases) {
    const holder = leaseHolder(store, address);
    if (holder !== null) {
      return new FairwayError(
        "addressInUse",
        `the address ${address} is held by ${attachmentName(holder)}`,
        "ask for another address, or remove the pod that holds it",
      );
    }
  }
  const holder = store.get<AttachmentKey>(
    `SELECT network, container_id AS containerId, ifname FROM attachments
     WHERE boot_id = ? AND (class_minor = ? OR host_veth = ?)`,
    store.bootId,
    wanted.classMinor,
    wanted.hostVeth,
  );
  if (holder === null) return null;
  return new FairwayError(
    "attachmentExists",
    `the class ${wanted.classMinor.toString(16)} or the host interface ${wanted.hostVeth} is held by ${attachmentName(holder)}`,
    "choose both under the lock under which they are recorded",
  );
}
