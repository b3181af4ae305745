/** The networks of this node, as the last ADD of each resolved them. */
import { FairwayError, messageOf } from "../errors.ts";
import type { NetworkBase } from "../plan/node.ts";
import { unusable } from "./failures.ts";
import type { Store } from "./store.ts";

interface NetworkRecord {
  name: string;
  /** The plugin configuration as JSON, without what belongs to one pod: runtimeConfig, prevResult, args. */
  config: string;
  base: NetworkBase;
}

interface RecordedNetwork extends NetworkRecord {
  /**
   * Networks outlive a reboot, so that the operator's commands know their configuration. This is false until
   * the first ADD of this boot, while nothing of the network is in the kernel.
   */
  isOfThisBoot: boolean;
}

export interface NetworksView {
  network(name: string): RecordedNetwork | null;
  /** Sorted by name. */
  networks(): RecordedNetwork[];
}

export interface Networks extends NetworksView {
  /**
   * Replaces what was recorded under the name. Throws ledgerUnusable for a config that does not have the
   * required form.
   */
  recordNetwork(network: NetworkRecord): void;
  /**
   * Puts the networks into the state after a reboot: their configuration is known, and nothing of them is in
   * the kernel.
   */
  retireNetworks(): void;
  /**
   * Its cursors are deleted with it. Returns whether there was one. Throws attachmentExists while it has
   * attachments.
   */
  removeNetwork(name: string): boolean;
}

interface Row {
  name: string;
  config: string;
  base: string;
  boot_id: string;
}

const columns = "name, config, base, boot_id";

export function networksOf(store: Store): Networks {
  const fromRow = (row: Row): RecordedNetwork => ({
    name: row.name,
    config: row.config,
    base: parseBase(row, store.file),
    isOfThisBoot: row.boot_id === store.bootId,
  });

  return {
    network(name) {
      const row = store.get<Row>(`SELECT ${columns} FROM networks WHERE name = ?`, name);
      return row && fromRow(row);
    },

    networks: () => store.all<Row>(`SELECT ${columns} FROM networks ORDER BY name`).map(fromRow),

    recordNetwork({ name, config, base }) {
      store.run(
        `INSERT INTO networks (name, boot_id, config, base) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET boot_id = excluded.boot_id, config = excluded.config, base = excluded.base
         WHERE (boot_id, config, base) IS NOT (excluded.boot_id, excluded.config, excluded.base)`,
        name,
        store.bootId,
        config,
        JSON.stringify(base),
      );
    },

    retireNetworks() {
      store.run("UPDATE networks SET boot_id = ''");
    },

    removeNetwork: (name) =>
      store.whole(() => {
        refuseWhileInUse(store, name);
        store.run("DELETE FROM cursors WHERE network = ?", name);
        return store.run("DELETE FROM networks WHERE name = ?", name) > 0;
      }),
  };
}

function refuseWhileInUse(store: Store, name: string): void {
  const held = store.get<{ count: number }>(
    "SELECT count(*) AS count FROM attachments WHERE boot_id = ? AND network = ?",
    store.bootId,
    name,
  );
  if (held === null || held.count === 0) return;
  throw new FairwayError(
    "attachmentExists",
    `the network ${name} still has ${held.count} attachments`,
    "remove its pods from this node first",
  );
}

function parseBase(row: Row, file: string): NetworkBase {
  try {
    return JSON.parse(row.base) as NetworkBase;
  } catch (error) {
    throw unusable(
      `the ledger ${file} has an unreadable row for the network ${row.name}: ${messageOf(error)}`,
      "the next ADD of that network writes it anew",
      error,
    );
  }
}
