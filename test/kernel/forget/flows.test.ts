/** Flows of an address are forgotten, those of others stay; also by the way of kernels that know no filter for it. */
import { expect, test } from "bun:test";
import { deleteOneByOne, forgetFlows } from "../../../src/kernel/forget/flows.ts";
import { NetlinkSocket } from "../../../src/kernel/netlink/socket.ts";
import { inNetns } from "../../../src/kernel/netns.ts";
import { takeUnclosed } from "../../../src/kernel/write/transaction.ts";
import {
  addNamespace,
  delNamespace,
  ipBatch,
  mustInNamespace,
  namespacePath,
} from "../../../src/prove/lab/namespaces.ts";
import { flowsOf } from "../../support/flows.ts";

const ways = [
  {
    title: "the kernel's filter, where it has one",
    forget: (all: string[]) => forgetFlows(all, all),
  },
  {
    title: "a dump",
    forget: ([address = ""]: string[]) => {
      using socket = new NetlinkSocket("netfilter");
      deleteOneByOne(socket, address);
    },
  },
];

/** Each answers nobody, which conntrack minds not. */
const flows: [from: string, to: string][] = [
  ["198.19.1.2", "198.19.1.9"],
  ["198.19.1.9", "198.19.1.2"],
  // A service that leads to the first.
  ["198.19.1.9", "198.18.9.9"],
  ["198.19.1.3", "198.19.1.9"],
  ["fd00:19::2", "fd00:19::9"],
  ["fd00:19::3", "fd00:19::2"],
  ["fd00:19::3", "fd00:19::9"],
];

const left: Record<string, string[]> = {
  "198.19.1.2": [
    "198.19.1.3 > 198.19.1.9",
    "fd00:19::2 > fd00:19::9",
    "fd00:19::3 > fd00:19::2",
    "fd00:19::3 > fd00:19::9",
  ],
  "fd00:19::2": [
    "198.19.1.2 > 198.19.1.9",
    "198.19.1.3 > 198.19.1.9",
    "198.19.1.9 > 198.18.9.9",
    "198.19.1.9 > 198.19.1.2",
    "fd00:19::3 > fd00:19::9",
  ],
};

const namespace = `fwt-flows-${process.pid}`;

function withFlows(use: () => void): void {
  // What a test before left is a socket of its own namespace.
  takeUnclosed()?.[Symbol.dispose]();
  addNamespace(namespace);
  try {
    const addresses = new Set(flows.flat());
    ipBatch(
      namespace,
      [...addresses].map(
        (each) => `address add ${each} dev lo${each.includes(":") ? " nodad" : ""}`,
      ),
    );
    mustInNamespace(namespace, ["nft", "-f", "-"], {
      stdin:
        "table ip svc {\n chain out {\n type nat hook output priority -100;\n ip daddr 198.18.9.9 dnat to 198.19.1.2\n }\n}\ntable inet tracked {\n chain out {\n type filter hook output priority 0;\n ct state new accept\n }\n}\n",
    });
    for (const [from, to] of flows)
      mustInNamespace(namespace, ["ping", "-c", "1", "-W", "2", "-I", from, to]);
    use();
  } finally {
    delNamespace(namespace);
  }
}

const asked = (): string[] => flowsOf(namespace).map((flow) => flow.split(" , ")[0] ?? "");

test.each(ways)("by $title", ({ forget }) => {
  for (const [address, others] of Object.entries(left))
    withFlows(() => {
      expect(new Set(asked())).toEqual(new Set(flows.map((flow) => flow.join(" > "))));
      inNetns(namespacePath(namespace), () => forget([address]));
      expect(asked().sort()).toEqual([...others].sort());
    });
});

test("where conntrack has none there is nothing to do", () => {
  addNamespace(namespace);
  try {
    expect(
      inNetns(namespacePath(namespace), () => forgetFlows(["198.19.1.2"], [])),
    ).toBeUndefined();
  } finally {
    delNamespace(namespace);
  }
});
