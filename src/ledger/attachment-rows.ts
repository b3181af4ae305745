/** Writes an attachment as rows of the ledger, and reads it back. */
import { messageOf } from "../errors.ts";
import type {
  Attachment,
  ChainedLink,
  Lease,
  Phase,
  PodAsks,
  PodPromise,
  PodRoute,
} from "../plan/node.ts";
import { unusable } from "./failures.ts";
import type { Store } from "./store.ts";

export interface RecordedAttachment extends Attachment {
  /**
   * When it was inserted, in milliseconds since the epoch. This is for a person to read, since somebody may
   * set the clock.
   */
  createdAtMs: number;
  /**
   * When it was inserted, in milliseconds since the node booted. null means that an older version recorded
   * it.
   */
  createdUpMs: number | null;
}

interface Row {
  network: string;
  container_id: string;
  ifname: string;
  phase: Phase;
  netns: string;
  host_veth: string;
  pod_mac: string;
  class_minor: number;
  mtu_bytes: number;
  promise: string;
  asks: string;
  routes: string;
  pod_namespace: string | null;
  pod_name: string | null;
  pod_uid: string | null;
  chained: string | null;
  created_at_ms: number;
  created_up_ms: number | null;
  leases: string;
}

/**
 * It is one statement, so that an attachment and its leases are always from the same moment. Columns are
 * named, here and everywhere, since a newer version may have added some.
 */
const selectRows = `
SELECT a.network, a.container_id, a.ifname, a.phase, a.netns, a.host_veth, a.pod_mac, a.class_minor,
  a.mtu_bytes, a.promise, a.asks, a.routes, a.pod_namespace, a.pod_name, a.pod_uid, a.chained, a.created_at_ms,
  a.created_up_ms, (
  SELECT json_group_array(
    json_object('address', l.address, 'prefixLength', l.prefix_length, 'gateway', l.gateway)
    ORDER BY l.position)
  FROM leases l WHERE l.attachment_id = a.id) AS leases
FROM attachments a`;

/** The attachments for which `where` is true, sorted by network, container and interface. */
export function readRows(store: Store, where: string, ...params: string[]): RecordedAttachment[] {
  return store
    .all<Row>(
      `${selectRows} WHERE ${where} ORDER BY a.network, a.container_id, a.ifname`,
      ...params,
    )
    .map((row) => fromRow(row, store.file));
}

/** This belongs inside `whole`, because it runs several statements. */
export function insertRows(
  store: Store,
  a: Attachment,
  { atMs, upMs }: { atMs: number; upMs: number },
): void {
  const inserted = store.write<{ id: number }>(
    `INSERT INTO attachments (boot_id, network, container_id, ifname, phase, netns, host_veth,
       pod_mac, class_minor, mtu_bytes, promise, asks, routes, pod_namespace, pod_name, pod_uid, chained,
       created_at_ms, created_up_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    store.bootId,
    a.network,
    a.containerId,
    a.ifname,
    a.phase,
    a.netns,
    a.hostVeth,
    a.podMac,
    a.classMinor,
    a.mtuBytes,
    JSON.stringify(a.promise),
    JSON.stringify(a.asks),
    JSON.stringify(a.routes),
    a.podNamespace,
    a.podName,
    a.podUid ?? null,
    a.chained == null ? null : JSON.stringify(a.chained),
    atMs,
    upMs,
  );
  if (inserted === null) throw new Error("INSERT ... RETURNING returned no row");
  for (const [position, lease] of a.leases.entries()) {
    store.run(
      `INSERT INTO leases (boot_id, address, prefix_length, gateway, attachment_id, position)
       VALUES (?, ?, ?, ?, ?, ?)`,
      store.bootId,
      lease.address,
      lease.prefixLength,
      lease.gateway,
      inserted.id,
      position,
    );
  }
}

function fromRow(row: Row, file: string): RecordedAttachment {
  try {
    return {
      network: row.network,
      containerId: row.container_id,
      ifname: row.ifname,
      phase: row.phase,
      netns: row.netns,
      hostVeth: row.host_veth,
      podMac: row.pod_mac,
      classMinor: row.class_minor,
      leases: JSON.parse(row.leases) as Lease[],
      routes: JSON.parse(row.routes) as PodRoute[],
      mtuBytes: row.mtu_bytes,
      promise: JSON.parse(row.promise) as PodPromise,
      asks: JSON.parse(row.asks) as PodAsks,
      podNamespace: row.pod_namespace,
      podName: row.pod_name,
      ...(row.pod_uid !== null && { podUid: row.pod_uid }),
      ...(row.chained !== null && { chained: JSON.parse(row.chained) as ChainedLink }),
      createdAtMs: row.created_at_ms,
      createdUpMs: row.created_up_ms,
    };
  } catch (error) {
    throw unusable(
      `the ledger ${file} has an unreadable row, ${row.network}/${row.container_id}/${row.ifname}: ${messageOf(error)}`,
      "DEL or recreate that pod",
      error,
    );
  }
}
