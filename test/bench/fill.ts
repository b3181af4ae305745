/** A node that has pods already, and a ledger that has leases already. */
import { formatIp, parseIp } from "../../src/config/addresses.ts";
import { openLedger } from "../../src/ledger/ledger.ts";
import { bootId } from "../../src/node/facts/open.ts";
import { firstPodMinor, hostVeth } from "../../src/plan/names.ts";
import type { BenchPod } from "./plugin.ts";
import { podSubnet, type Side } from "./side.ts";
import { ledgerOf } from "./sides.ts";

/** Interfaces in one namespace: the node has as many pods to look after, and the machine fewer namespaces. */
const PER_NAMESPACE = 50;
const AT_ONCE = 10;

/** Wired by the plugin itself. They have no routes: each of their namespaces has many interfaces. */
export async function fillNode(side: Side, pods: number): Promise<void> {
  const waiting: BenchPod[] = [];
  for (let i = 0; i < pods; i += PER_NAMESPACE) {
    const { netns } = side.pod(`fill${i}`);
    for (let j = i; j < Math.min(pods, i + PER_NAMESPACE); j++)
      waiting.push({ containerId: `fill${j}`, netns, ifname: `eth${j - i}` });
  }
  const work = async (): Promise<void> => {
    for (let pod = waiting.shift(); pod !== undefined; pod = waiting.shift())
      await side.runBeside("ADD", pod, { ipam: { subnet: podSubnet } });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/**
 * So many attachments more, ready and each with a lease, as if they had been added: rows only. Their
 * addresses and classes are the lowest, in one run, so that whoever looks for a free one meets them all.
 */
export function fillLedger(side: Side, leases: number): void {
  if (leases === 0) return;
  const ledger = openLedger({ dir: ledgerOf(side.folder), bootId: bootId() });
  try {
    const [like] = ledger.attachments.all();
    if (like === undefined) throw new Error("the ledger has no attachment yet to make others like");
    const [lease] = like.leases;
    if (lease === undefined) throw new Error("the first attachment has no lease");
    const firstAddress = parseIp(lease.address, "address").value + 1n;
    ledger.exclusively(() => {
      for (let i = 1; i <= leases; i++) {
        const classMinor = Math.max(firstPodMinor, like.classMinor) + i;
        const address = formatIp({ family: 4, value: firstAddress + BigInt(i - 1) });
        ledger.attachments.insert({
          ...like,
          containerId: `lease${i}`,
          classMinor,
          hostVeth: hostVeth(classMinor),
          leases: [{ ...lease, address }],
        });
      }
    });
  } finally {
    ledger.close();
  }
}
