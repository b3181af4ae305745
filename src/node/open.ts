/** The ledger of this boot. */
import { readFileSync } from "node:fs";
import { type Ledger, openLedger } from "../ledger/ledger.ts";

export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

export function withLedger<T>(dataDir: string, use: (ledger: Ledger) => T): T {
  const ledger = openLedger({ dir: dataDir, bootId: bootId() });
  try {
    return use(ledger);
  } finally {
    ledger.close();
  }
}
