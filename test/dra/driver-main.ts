/** A driver by itself, in a build for faults: `driver-main.ts FOLDER`. The claim is what FOLDER/claim.json says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Driver } from "../../src/dra/driver.ts";
import { serveKubelet } from "../../src/dra/kubelet.ts";
import { openLedger } from "../../src/ledger/ledger.ts";

const [folder = ""] = process.argv.slice(2);
const ending = new AbortController();
process.on("SIGTERM", () => ending.abort());
const open = () => openLedger({ dir: join(folder, "data"), bootId: "boot" });

await serveKubelet({
  ...{ kubeletDir: join(folder, "kubelet"), node: "node1", signal: ending.signal },
  driver: new Driver({
    node: "node1",
    client: { ask: async () => JSON.parse(readFileSync(join(folder, "claim.json"), "utf8")) },
    inLedger: (use) => {
      using ledger = open();
      return use(ledger);
    },
    ledgerIfThere: open,
  }),
  health: () => [],
  onServed: () => {},
  onRegistered: () => {},
  onRefused: () => {},
  onDefect: (error) => {
    throw error;
  },
});
