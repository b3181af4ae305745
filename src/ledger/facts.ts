/** What was found out about this node since it booted. A reboot forgets it. */
import type { Store } from "./store.ts";

/** The root qdisc that the kernel had put on a device before ours took its place. */
interface FormerRoot {
  device: string;
  kind: string;
  /** The handle, for example "8001:". It is "0:" for a qdisc that the kernel made. */
  handle: string;
}

export interface FactsView {
  fact(key: string): string | null;
  /** The facts whose keys begin with the prefix, by key. */
  factsUnder(prefix: string): Map<string, string>;
  /** Sorted by device. */
  formerRoots(): FormerRoot[];
}

export interface Facts extends FactsView {
  setFact(key: string, value: string): void;
  forgetFactsUnder(prefix: string): void;
  /** The first record of a boot is kept, because a later look would see our own root. */
  recordFormerRoot(root: FormerRoot): void;
  /** To be called once the root is restored. */
  forgetFormerRoot(device: string): void;
}

/** LIKE is not used, because it would read "_" and "%" as patterns. */
const beginsSo = "substr(key, 1, length(?)) = ?";

export function factsOf(store: Store): Facts {
  const { bootId } = store;
  return {
    fact: (key) =>
      store.get<{ value: string }>(
        "SELECT value FROM facts WHERE boot_id = ? AND key = ?",
        bootId,
        key,
      )?.value ?? null,

    factsUnder: (prefix) =>
      new Map(
        store
          .all<{ key: string; value: string }>(
            `SELECT key, value FROM facts WHERE boot_id = ? AND ${beginsSo} ORDER BY key`,
            bootId,
            prefix,
            prefix,
          )
          .map(({ key, value }) => [key, value]),
      ),

    forgetFactsUnder(prefix) {
      store.run(`DELETE FROM facts WHERE boot_id = ? AND ${beginsSo}`, bootId, prefix, prefix);
    },

    setFact(key, value) {
      store.run(
        `INSERT INTO facts (boot_id, key, value) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET value = excluded.value`,
        bootId,
        key,
        value,
      );
    },

    formerRoots: () =>
      store.all<FormerRoot>(
        "SELECT device, kind, handle FROM former_roots WHERE boot_id = ? ORDER BY device",
        bootId,
      ),

    recordFormerRoot({ device, kind, handle }) {
      store.run(
        `INSERT INTO former_roots (boot_id, device, kind, handle) VALUES (?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
        bootId,
        device,
        kind,
        handle,
      );
    },

    forgetFormerRoot(device) {
      store.run("DELETE FROM former_roots WHERE boot_id = ? AND device = ?", bootId, device);
    },
  };
}
