/**
 * Addresses that are kept for a pod that went, until a pod of the same name comes. They outlive a reboot. One
 * whose time is over counts as gone, and it is deleted when the next one is written.
 */
import type { Store } from "./store.ts";

/** For whom an address is kept: the interface of a pod, by the names in Kubernetes. */
export interface PodKey {
  network: string;
  podNamespace: string;
  podName: string;
  ifname: string;
}

export interface Hold extends PodKey {
  address: string;
  /** Milliseconds since the epoch. */
  untilMs: number;
}

export interface HoldsView {
  /** Sorted by network and address. They are of all networks unless one is named. */
  all(nowMs: number, network?: string): Hold[];
  /** What is kept for a pod, sorted by address. */
  of(pod: PodKey, nowMs: number): Hold[];
  at(network: string, address: string, nowMs: number): Hold | null;
  /** The holds on these addresses. */
  among(network: string, addresses: readonly string[], nowMs: number): Hold[];
}

export interface Holds extends HoldsView {
  /** To be called inside `exclusively`. Replaces what was kept for the pod before. */
  keep(pod: PodKey, addresses: readonly string[], untilMs: number, nowMs: number): void;
  /** To be called inside `exclusively`. Returns whether there was one. */
  release(network: string, address: string, nowMs: number): boolean;
}

const columns =
  "network, address, pod_namespace AS podNamespace, pod_name AS podName, ifname, until_ms AS untilMs";
const ofPod = "network = ? AND pod_namespace = ? AND pod_name = ? AND ifname = ?";

export function samePod(a: PodKey, b: PodKey): boolean {
  return (
    a.network === b.network &&
    a.podNamespace === b.podNamespace &&
    a.podName === b.podName &&
    a.ifname === b.ifname
  );
}

export function holdsOf(store: Store): Holds {
  return {
    all: (nowMs, network) =>
      store.all<Hold>(
        `SELECT ${columns} FROM holds WHERE until_ms > ?1 AND (?2 IS NULL OR network = ?2)
         ORDER BY network, address`,
        nowMs,
        network ?? null,
      ),

    of: ({ network, podNamespace, podName, ifname }, nowMs) =>
      store.all<Hold>(
        `SELECT ${columns} FROM holds WHERE ${ofPod} AND until_ms > ? ORDER BY address`,
        network,
        podNamespace,
        podName,
        ifname,
        nowMs,
      ),

    at: (network, address, nowMs) =>
      store.get<Hold>(
        `SELECT ${columns} FROM holds WHERE network = ? AND address = ? AND until_ms > ?`,
        network,
        address,
        nowMs,
      ),

    among: (network, addresses, nowMs) =>
      store.all<Hold>(
        `SELECT ${columns} FROM json_each(?) asked
         CROSS JOIN holds ON network = ? AND address = asked.value AND until_ms > ?`,
        JSON.stringify(addresses),
        network,
        nowMs,
      ),

    keep({ network, podNamespace, podName, ifname }, addresses, untilMs, nowMs) {
      store.assertExclusive("keep()");
      store.run("DELETE FROM holds WHERE until_ms <= ?", nowMs);
      store.run(`DELETE FROM holds WHERE ${ofPod}`, network, podNamespace, podName, ifname);
      for (const address of addresses)
        store.run(
          `INSERT INTO holds (network, address, pod_namespace, pod_name, ifname, until_ms)
           VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET pod_namespace = excluded.pod_namespace,
             pod_name = excluded.pod_name, ifname = excluded.ifname, until_ms = excluded.until_ms`,
          network,
          address,
          podNamespace,
          podName,
          ifname,
          untilMs,
        );
    },

    release(network, address, nowMs) {
      store.assertExclusive("release()");
      return (
        store.run(
          "DELETE FROM holds WHERE network = ? AND address = ? AND until_ms > ?",
          network,
          address,
          nowMs,
        ) > 0
      );
    },
  };
}
