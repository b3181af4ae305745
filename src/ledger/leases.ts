/** The addresses that are given out, and where the next choice starts. */
import type { AttachmentKey } from "../plan/node.ts";
import type { Store } from "./store.ts";

interface Usage {
  attachments: number;
  addresses: number;
}

export interface LeasesView {
  /** Who holds `address` (as text, without prefix), on any network of this node. */
  leaseHolder(address: string): AttachmentKey | null;
  /** The addresses among these that somebody of this node holds. */
  leasedAmong(addresses: readonly string[]): string[];
  /**
   * The address that was last given from a set of the network. It is kept across reboots, and is null before
   * the first.
   */
  cursor(network: string, setIndex: number): bigint | null;
  usage(network: string): Usage;
  /** The networks whose attachments have this gateway: "10.1.0.1/24". It reads all leases. */
  networksBehind(gateway: string): string[];
}

export interface Leases extends LeasesView {
  setCursor(network: string, setIndex: number, last: bigint): void;
}

export function leasesOf(store: Store): Leases {
  return {
    leaseHolder: (address) => leaseHolder(store, address),

    leasedAmong: (addresses) =>
      store
        .all<{ address: string }>(
          `SELECT l.address FROM json_each(?) asked
           CROSS JOIN leases l ON l.boot_id = ? AND l.address = asked.value`,
          JSON.stringify(addresses),
          store.bootId,
        )
        .map(({ address }) => address),

    cursor(network, setIndex) {
      const row = store.get<{ last: string }>(
        "SELECT last FROM cursors WHERE network = ? AND set_index = ?",
        network,
        setIndex,
      );
      return row && BigInt(row.last);
    },

    setCursor(network, setIndex, last) {
      store.run(
        `INSERT INTO cursors (network, set_index, last) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET last = excluded.last`,
        network,
        setIndex,
        String(last),
      );
    },

    usage: (network) =>
      store.get<Usage>(
        `SELECT count(DISTINCT a.id) AS attachments, count(l.address) AS addresses
         FROM attachments a LEFT JOIN leases l ON l.attachment_id = a.id
         WHERE a.boot_id = ? AND a.network = ?`,
        store.bootId,
        network,
      ) ?? { attachments: 0, addresses: 0 },

    networksBehind(gateway) {
      const [address = "", length] = gateway.split("/");
      return store
        .all<{ network: string }>(
          `SELECT DISTINCT a.network FROM leases l JOIN attachments a ON a.id = l.attachment_id
           WHERE l.boot_id = ? AND l.gateway = ? AND l.prefix_length = ? ORDER BY a.network`,
          store.bootId,
          address,
          Number(length),
        )
        .map(({ network }) => network);
    },
  };
}

/** Who holds `address` (as it is written in the lease), or null. */
export function leaseHolder(store: Store, address: string): AttachmentKey | null {
  return store.get<AttachmentKey>(
    `SELECT a.network, a.container_id AS containerId, a.ifname
     FROM leases l JOIN attachments a ON a.id = l.attachment_id
     WHERE l.boot_id = ? AND l.address = ?`,
    store.bootId,
    address,
  );
}
