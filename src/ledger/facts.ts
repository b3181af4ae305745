/** What was found out about this node since it booted; a reboot forgets it. */
import type { Store } from "./store.ts";

/** The root qdisc that the kernel had put on a device before ours took its place. */
export interface FormerRoot {
  device: string;
  kind: string;
  /** "8001:", "0:" for one that the kernel made. */
  handle: string;
}

export interface FactsView {
  fact(key: string): string | null;
  /** By device. */
  formerRoots(): FormerRoot[];
}

export interface Facts extends FactsView {
  setFact(key: string, value: string): void;
  /** The first of a boot stands: a later look would see our own root. */
  recordFormerRoot(root: FormerRoot): void;
  /** Once it is restored. */
  forgetFormerRoot(device: string): void;
}

export function factsOf(store: Store): Facts {
  const { bootId } = store;
  return {
    fact: (key) =>
      store.get<{ value: string }>(
        "SELECT value FROM facts WHERE boot_id = ? AND key = ?",
        bootId,
        key,
      )?.value ?? null,

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
