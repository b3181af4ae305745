/** A bridge with as many ports as the kernel gives one: ADD, STATUS and doctor say so, and nothing is left. */
import { expect, test } from "bun:test";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { dumpPod } from "../support/dump.ts";
import { type TestNode, withNode } from "../support/node.ts";

/** BR_MAX_PORTS, less the number 0 (find_portno(), net/bridge/br_if.c). */
const mostPorts = 1023;

/** Somebody else's, beside those that the bridge has. */
function addPorts(node: TestNode, count: number): void {
  const lines = Array.from({ length: count }, (_, index) => [
    `link add other${index} type veth peer name peer${index}`,
    `link set other${index} master fw0`,
  ]);
  const done = inNamespace(node.lab.node, ["ip", "-batch", "-"], {
    stdin: `${lines.flat().join("\n")}\n`,
  });
  if (done.code !== 0) throw new Error(done.stderr);
}

/** What an ADD makes of; a dump of a thousand devices would be most of the time. */
const shown = (node: TestNode): string =>
  [
    "ls /sys/class/net",
    "tc class show dev uplink",
    "tc class show dev fw0",
    "nft list table inet fairway",
    "nft -t list table bridge fairway",
  ]
    .map((line) => node.run(...line.split(" ")))
    .join("\n");

const says = expect.stringMatching(/bridge fw0.*all 1023 .*are taken.*BR_MAX_PORTS/);

test.each(["netlink", "exec"])("a full bridge, by %s", (backend) =>
  withNode((node) => {
    const env = { FAIRWAY_BACKEND: backend };
    node.config.ipam = { subnet: "198.19.16.0/20" };
    const [a, b, c] = [node.pod("a"), node.pod("b"), node.pod("c")];
    const status = () => node.verb("STATUS", a, { config: { cniVersion: "1.1.0" } });
    const finding = () =>
      (
        JSON.parse(node.fairway("doctor", "--json").stdout) as { findings: { id: string }[] }
      ).findings.find(({ id }) => id === "bridge.ports");
    node.add(a);
    addPorts(node, mostPorts - 2);
    expect(status().code).toBe(0);
    expect(finding()).toMatchObject({ level: "ok", found: "fw0 has 1022 of 1023 ports" });
    node.add(b);
    const before = shown(node) + dumpPod(c.namespace);
    expect(node.verb("ADD", c, { env }).json).toMatchObject({
      code: 110,
      msg: says,
      details: expect.stringContaining("ip link show master fw0"),
    });
    expect(shown(node) + dumpPod(c.namespace)).toBe(before);
    expect(status().json).toMatchObject({ code: 50, msg: says });
    expect(finding()).toMatchObject({ level: "error", found: says });
    node.del(b);
    expect(status().code).toBe(0);
    node.add(c, { env });
  }),
);
