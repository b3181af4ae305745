/** One wire for all machines of a cluster: a bridge in a namespace of its own, with a port for each. */
import {
  addNamespace,
  delNamespace,
  ipBatch,
  listNamespaces,
} from "../../src/prove/lab/namespaces.ts";
import { must, run } from "../../src/prove/lab/run.ts";
import { prefixLength } from "./names.ts";

export interface End {
  /** Of its port on the wire. */
  name: string;
  namespace: string;
  address: string;
  /** More lines of `ip route add`, without these words. */
  routes: readonly string[];
}

export function makeWire(wire: string): void {
  addNamespace(wire);
  ipBatch(wire, ["link add name switch type bridge", "link set dev switch up"]);
}

/** A network card has the same one after each boot: neighbours find the machine at once. */
const macOf = (address: string): string =>
  [
    "02",
    "fa",
    ...address.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0")),
  ].join(":");

/** A machine's network as it is after a boot: `eth0` with its address and routes. */
export function plug(wire: string, { name, namespace, address, routes }: End): void {
  addNamespace(namespace);
  const pair = `name eth0 address ${macOf(address)} type veth peer name ${name} netns ${wire}`;
  ipBatch(namespace, [
    `link add ${pair}`,
    `address add ${address}/${prefixLength} dev eth0`,
    "link set dev eth0 up",
    ...routes.map((route) => `route add ${route}`),
  ]);
  ipBatch(wire, [`link set dev ${name} master switch up`]);
}

export function unplug(wire: string, { name, namespace }: End): void {
  // Its end in the machine goes with it, at once; with the namespace it would go in the kernel's own time.
  if (listNamespaces().includes(wire)) run(["ip", "-n", wire, "link", "del", "dev", name]);
  delNamespace(namespace);
}

const count = (name: string, from: string, to: string): string =>
  `add counter bridge wire ${name}\nadd rule bridge wire passing ip saddr ${from} ip daddr ${to} counter name ${name}`;

/** Counts what passes between two addresses, by name; the bytes of each so far are what the result gives. */
export function countOnWire(
  wire: string,
  flows: Readonly<Record<string, [from: string, to: string]>>,
): () => Record<string, number> {
  const inWire = (...argv: string[]): string[] => ["ip", "netns", "exec", wire, "nft", ...argv];
  const rules = [
    "add table bridge wire",
    "delete table bridge wire",
    "add table bridge wire",
    "add chain bridge wire passing { type filter hook forward priority 0; }",
    ...Object.entries(flows).map(([name, [from, to]]) => count(name, from, to)),
  ];
  must(inWire("-f", "-"), { stdin: `${rules.join("\n")}\n` });
  return () => {
    const { nftables } = JSON.parse(must(inWire("-j", "list", "counters"))) as {
      nftables: { counter?: { name: string; bytes: number } }[];
    };
    return Object.fromEntries(
      nftables.flatMap(({ counter }) =>
        counter === undefined ? [] : [[counter.name, counter.bytes]],
      ),
    );
  };
}
