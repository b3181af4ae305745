/** Addresses that were given to other plugins' attachments (fairway-ipam), or taken over from host-local. */
import { FairwayError } from "../errors.ts";
import type { AttachmentKey } from "../plan/node.ts";
import type { Store } from "./store.ts";

/**
 * Who holds an address. `ifname` null means any interface of the container, as in host-local's older files.
 */
export interface Holder {
  containerId: string;
  ifname: string | null;
}

export interface Reservation extends Holder {
  network: string;
  address: string;
  /** null means that it was taken over from host-local, whose files do not have it. */
  prefixLength: number | null;
  gateway: string | null;
  podNamespace: string | null;
  podName: string | null;
  /** How long the address stays the pod's after the pod went. null means not at all. */
  stickyMs: number | null;
  createdAtMs: number;
}

export interface ReservationsView {
  /**
   * The reservations of an attachment, sorted by address. Those of no particular interface are given only if
   * it has none of its own.
   */
  find(key: AttachmentKey): Reservation[];
  holder(network: string, address: string): Holder | null;
  /** The addresses among these that are reserved. */
  among(network: string, addresses: readonly string[]): string[];
  /** Sorted by network and address. They are of all networks unless one is named. */
  all(network?: string): Reservation[];
}

export interface Reservations extends ReservationsView {
  /** To be called inside `exclusively`. Throws addressInUse, which names the holder. */
  insert(reservation: Reservation): void;
  /** To be called inside `exclusively`. Returns whether there was one. */
  remove(network: string, address: string): boolean;
}

export const reservationColumns = `network, address, container_id AS containerId, ifname, prefix_length AS prefixLength,
  gateway, pod_namespace AS podNamespace, pod_name AS podName, sticky_ms AS stickyMs,
  created_at_ms AS createdAtMs`;
const ofContainer = "boot_id = ? AND network = ? AND container_id = ?";

/** The holder as text, for messages. */
export function holderText({ containerId, ifname }: Holder): string {
  return ifname === null ? containerId : `${containerId}/${ifname}`;
}

export function reservationsOf(store: Store): Reservations {
  const { bootId } = store;

  const find = ({ network, containerId, ifname }: AttachmentKey): Reservation[] => {
    const held = store.all<Reservation>(
      `SELECT ${reservationColumns} FROM reservations WHERE ${ofContainer} ORDER BY address`,
      bootId,
      network,
      containerId,
    );
    const own = held.filter((r) => r.ifname === ifname);
    return own.length > 0 ? own : held.filter((r) => r.ifname === null);
  };

  const holder = (network: string, address: string): Holder | null =>
    store.get<Holder>(
      `SELECT container_id AS containerId, ifname FROM reservations
       WHERE boot_id = ? AND network = ? AND address = ?`,
      bootId,
      network,
      address,
    );

  return {
    find,
    holder,

    among: (network, addresses) =>
      store
        .all<{ address: string }>(
          `SELECT r.address FROM json_each(?) asked
           CROSS JOIN reservations r ON r.boot_id = ? AND r.network = ? AND r.address = asked.value`,
          JSON.stringify(addresses),
          bootId,
          network,
        )
        .map(({ address }) => address),

    all: (network) =>
      store.all<Reservation>(
        `SELECT ${reservationColumns} FROM reservations WHERE boot_id = ?1 AND (?2 IS NULL OR network = ?2)
         ORDER BY network, address`,
        bootId,
        network ?? null,
      ),

    insert(r) {
      store.assertExclusive("insert()");
      const other = holder(r.network, r.address);
      if (other !== null)
        throw new FairwayError(
          "addressInUse",
          `the address ${r.address} of network ${r.network} is held by ${holderText(other)}`,
          "ask for another address, or remove the container that holds it",
        );
      store.run(
        `INSERT INTO reservations (boot_id, network, address, container_id, ifname, prefix_length,
           gateway, pod_namespace, pod_name, sticky_ms, created_at_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        bootId,
        r.network,
        r.address,
        r.containerId,
        r.ifname,
        r.prefixLength,
        r.gateway,
        r.podNamespace,
        r.podName,
        r.stickyMs,
        r.createdAtMs,
      );
    },

    remove(network, address) {
      store.assertExclusive("remove()");
      return (
        store.run(
          "DELETE FROM reservations WHERE boot_id = ? AND network = ? AND address = ?",
          bootId,
          network,
          address,
        ) > 0
      );
    },
  };
}
