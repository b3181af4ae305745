/** An address is chosen among very many given ones without asking for each. */
import { expect, test } from "bun:test";
import { asksNothing } from "../../../src/config/address-ask.ts";
import { formatIp, parseIp } from "../../../src/config/addresses.ts";
import {
  chooseAddresses,
  networkHolders,
  nodeHolders,
} from "../../../src/node/addresses/choose.ts";
import { parseNetworkConfig } from "../../../src/promise/network-config.ts";
import { ledgerForEachTest } from "../../ledger/fixtures/for-each.ts";
import { attachment } from "../../ledger/fixtures/samples.ts";

const given = 3_000;

const each = ledgerForEachTest();

const firsts = { 4: "198.18.0.2", 6: "fd00::2" };
const subnets = { 4: "198.18.0.0/16", 6: "fd00::/64" };
const nth = (family: 4 | 6, n: number): string =>
  formatIp({ family, value: parseIp(firsts[family], "first").value + BigInt(n) });

/** In one run, which the cursor stands before. */
function lease(family: 4 | 6): void {
  each.ledger.exclusively(() => {
    for (let n = 0; n < given; n++)
      each.ledger.attachments.insert(
        attachment(n, { leases: [{ address: nth(family, n), prefixLength: 16, gateway: null }] }),
      );
  });
}

function reserve(family: 4 | 6): void {
  each.ledger.exclusively(() => {
    for (let n = 0; n < given; n++)
      each.ledger.reservations.insert({
        network: "pods",
        address: nth(family, n),
        containerId: `r${n}`,
        ifname: "eth0",
        prefixLength: 16,
        gateway: null,
        podNamespace: null,
        podName: null,
        stickyMs: null,
        createdAtMs: 0,
      });
  });
}

function choose(family: 4 | 6, holders: typeof nodeHolders, pod: string | null = null): string {
  const { ipam } = parseNetworkConfig({
    cniVersion: "1.0.0",
    name: "pods",
    type: "fairway",
    ipam: { subnet: subnets[family] },
  });
  const [chosen] = chooseAddresses(each.ledger, {
    network: "pods",
    ipam,
    ask: asksNothing,
    pod: pod === null ? null : { network: "pods", ifname: "eth0", podNamespace: "d", podName: pod },
    nowMs: 1_000,
    holders: holders(each.ledger, "pods"),
  });
  return chosen === undefined ? "none" : formatIp(chosen.ip);
}

for (const family of [4, 6] as const) {
  test(`IPv${family}: the first behind a run of leases`, () => {
    lease(family);
    expect(choose(family, nodeHolders)).toBe(nth(family, given));
    // Somebody's in the middle that went.
    each.ledger.exclusively(() => each.ledger.attachments.remove(attachment(1_234)));
    expect(choose(family, nodeHolders)).toBe(nth(family, 1_234));
  });

  test(`IPv${family}: the first behind a run of reservations, for a main plugin too`, () => {
    reserve(family);
    expect(choose(family, networkHolders)).toBe(nth(family, given));
    expect(choose(family, nodeHolders)).toBe(nth(family, given));
    // Leases of the node are no matter of an IPAM plugin's.
    each.ledger.exclusively(() =>
      each.ledger.attachments.insert(
        attachment(1, {
          leases: [{ address: nth(family, given), prefixLength: 16, gateway: null }],
        }),
      ),
    );
    expect(choose(family, networkHolders)).toBe(nth(family, given));
    expect(choose(family, nodeHolders)).toBe(nth(family, given + 1));
  });
}

test("what is kept for a pod is nobody else's, and its own while it is kept", () => {
  lease(4);
  const own = { network: "pods", ifname: "eth0", podNamespace: "d", podName: "a" };
  each.ledger.exclusively(() => each.ledger.holds.keep(own, [nth(4, given)], 5_000, 1_000));
  expect(choose(4, nodeHolders)).toBe(nth(4, given + 1));
  expect(choose(4, nodeHolders, "b")).toBe(nth(4, given + 1));
  expect(choose(4, nodeHolders, "a")).toBe(nth(4, given));
});
