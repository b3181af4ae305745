/** The ledger of this boot. */
import { readFileSync } from "node:fs";
import { type Ledger, openLedger } from "../ledger/ledger.ts";
import { span } from "../trace.ts";

export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

export function withLedger<T>(dataDir: string, use: (ledger: Ledger) => T): T {
  const ledger = span("open ledger", () => openLedger({ dir: dataDir, bootId: bootId() }));
  try {
    return use(ledger);
  } finally {
    span("close ledger", () => ledger.close());
  }
}
