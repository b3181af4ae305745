/** Opens the ledger of this boot. */
import { readFileSync } from "node:fs";
import { endNow } from "../../kernel/netlink/libc.ts";
import { keepGenerationsIn } from "../../kernel/own-generations.ts";
import { type Ledger, openLedger } from "../../ledger/ledger.ts";
import { span } from "../../trace.ts";

export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

function open(dataDir: string): Ledger {
  const boot = bootId();
  const ledger = span("open ledger", () => openLedger({ dir: dataDir, bootId: boot }));
  keepGenerationsIn(dataDir, boot);
  return ledger;
}

/**
 * This is for a verb, whose process ends soon, so the ledger is not closed. Whoever closes it last writes its
 * log back into the file and waits for the disk twice, and a pod would wait with it. A process that ends
 * leaves the log to the next one, as one that is killed does.
 */
export function inLedger<T>(dataDir: string, use: (ledger: Ledger) => T): T {
  return use(open(dataDir));
}

/** The end of such a process. */
export { endNow };

export function withLedger<T>(dataDir: string, use: (ledger: Ledger) => T): T {
  const ledger = open(dataDir);
  try {
    return use(ledger);
  } finally {
    span("close ledger", () => ledger.close());
  }
}
