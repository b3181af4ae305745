/** A network that is given another subnet: the former gateway serves the pods that came with it, and goes with the last of them. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { inNamespace, mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { type Pod, type TestNode, withNode } from "../support/node.ts";

const withSubnet = (subnet: string, gateway?: string) => ({
  config: {
    ipam: { subnet, routes: [{ dst: "0.0.0.0/0" }], ...(gateway !== undefined && { gateway }) },
  },
});
const six = (subnet: string) => ({ config: { ipam: { subnet, routes: [{ dst: "::/0" }] } } });
const [former, now] = [withSubnet("198.19.1.0/24"), withSubnet("198.19.5.0/24")];
const masquerading = { ipMasq: true };

const onBridge = (node: TestNode): string[] =>
  node
    .run("ip", "-o", "address", "show", "dev", "fw0", "scope", "global")
    .split("\n")
    .flatMap((line) => / inet6? (\S+)/.exec(line)?.[1] ?? [])
    .sort();
const masqueraded = (node: TestNode): string =>
  node.run("nft", "list", "set", "inet", "fairway", "masq4");
const reaches = (pod: Pod, address: string): boolean =>
  inNamespace(pod.namespace, ["ping", "-c", "1", "-W", "2", address]).code === 0;
const inStep = (node: TestNode): void =>
  expect(node.fairway("repair").stdout).toBe("nothing to do\n");
const findings = (node: TestNode): { id: string; level: string; found: string }[] =>
  JSON.parse(node.fairway("doctor", "--json").stdout).findings;

test("a pod of the former subnet goes on as before, and the last of them takes the gateway along", () =>
  withNode((node) => {
    const [a, b, c] = [node.pod("a"), node.pod("b"), node.pod("c")];
    const added = node.add(a, former);
    node.add(b, former);
    node.add(c, now);
    expect(onBridge(node)).toEqual(["198.19.1.1/24", "198.19.5.1/24"]);
    // Nothing leads back to it on the remote: it is masqueraded still.
    mustInNamespace(node.lab.remote, ["ip", "route", "replace", "blackhole", "198.19.1.0/24"]);
    expect(reaches(a, addresses.remote)).toBe(true);
    inStep(node);
    expect(node.check(a, added, former).code).toBe(0);
    node.run("ip", "address", "del", "198.19.1.1/24", "dev", "fw0");
    expect(node.check(a, added, now).json.msg).toContain("198.19.1.1/24");
    expect(node.fairway("repair").stdout).toContain("198.19.1.1/24 on fw0 is missing");
    node.del(a, now);
    expect(onBridge(node)).toEqual(["198.19.1.1/24", "198.19.5.1/24"]);
    node.del(b, now);
    expect(onBridge(node)).toEqual(["198.19.5.1/24"]);
    expect(masqueraded(node)).not.toContain("198.19.1.0/24");
    inStep(node);
  }, masquerading));

const changes = [
  { title: "another subnet", to: now, left: ["198.19.5.1/24"] },
  { title: "a wider one", to: withSubnet("198.19.0.0/23"), left: ["198.19.0.1/23"] },
  {
    title: "another gateway of the same subnet",
    to: withSubnet("198.19.1.0/24", "198.19.1.254"),
    left: ["198.19.1.254/24"],
  },
  { title: "another family", to: six("fd00:19:5::/64"), left: ["fd00:19:5::1/64"] },
];

test.each(changes)(
  "$title after the last pod went: the next ADD takes the former gateway away",
  ({ to, left }) =>
    withNode((node) => {
      const [a, b] = [node.pod("a"), node.pod("b")];
      node.add(a, former);
      node.del(a, former);
      node.add(b, to);
      expect(onBridge(node)).toEqual(left);
      inStep(node);
      const [gateway = ""] = left[0]?.split("/") ?? [];
      expect(reaches(b, gateway)).toBe(true);
    }, masquerading),
);

test("while a pod has the former gateway of the same subnet both are there; then the latter stays, and what others put beside", () =>
  withNode((node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    const to = withSubnet("198.19.1.0/24", "198.19.1.254");
    node.add(a, former);
    node.add(b, to);
    node.run("ip", "address", "add", "198.19.1.77/24", "dev", "fw0");
    expect(onBridge(node)).toEqual(["198.19.1.1/24", "198.19.1.254/24", "198.19.1.77/24"]);
    node.del(a, to);
    // Else the kernel takes all later ones of the subnet along.
    expect(onBridge(node)).toEqual(["198.19.1.254/24", "198.19.1.77/24"]);
    expect(reaches(b, "198.19.1.254")).toBe(true);
    expect(findings(node).filter(({ id }) => id === "bridge.addresses")).toEqual([
      expect.objectContaining({ level: "warn", found: expect.stringContaining("198.19.1.77/24") }),
    ]);
  }));

test("one of ours that a DEL could not take away is drift, and `repair` takes it away", () =>
  withNode((node) => {
    node.add(node.pod("a"), now);
    const ledger = new Database(join(node.dataDir, "ledger.db"));
    // As it stands in the ledger while the address is on the bridge.
    ledger.run(
      "INSERT INTO facts (boot_id, key, value) SELECT boot_id, 'gateway 198.19.1.1/24|', 'made' FROM attachments",
    );
    ledger.close();
    node.run("ip", "address", "add", "198.19.1.1/24", "dev", "fw0");
    expect(findings(node)).toContainEqual(
      expect.objectContaining({
        id: "drift",
        level: "error",
        found: "address 198.19.1.1/24 on fw0 is nobody's",
      }),
    );
    expect(node.fairway("repair").stdout).toContain("address 198.19.1.1/24 on fw0 is nobody's");
    expect(onBridge(node)).toEqual(["198.19.5.1/24"]);
    inStep(node);
  }));

test("an address that others put on the bridge is told and stays", () =>
  withNode((node) => {
    const [a, b, c] = [node.pod("a"), node.pod("b"), node.pod("c")];
    node.add(a, former);
    node.run("ip", "address", "add", "198.19.7.1/24", "dev", "fw0");
    node.del(a, former);
    expect(findings(node)).toContainEqual(
      expect.objectContaining({
        id: "bridge.addresses",
        level: "warn",
        found: expect.stringContaining("198.19.7.1/24"),
      }),
    );
    // The last of the ledger's words is the new subnet, and nobody looked at the bridge since.
    node.add(b, now);
    expect(onBridge(node)).toEqual(["198.19.5.1/24", "198.19.7.1/24"]);
    // Somebody else's from now on.
    node.run("ip", "address", "add", "198.19.1.1/24", "dev", "fw0");
    expect(node.fairway("repair").stdout).toBe("nothing to do\n");
    node.add(c, now);
    expect(onBridge(node)).toEqual(["198.19.1.1/24", "198.19.5.1/24", "198.19.7.1/24"]);
    const told = findings(node).filter(({ id }) => id === "bridge.addresses");
    expect(told.map(({ level }) => level)).toEqual(["warn", "warn"]);
  }));
