/** Addresses that a pod asks for, and keeps after it went. */

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { type AddOptions, type Pod, type TestNode, withNode } from "../support/node.ts";

type Json = Record<string, unknown>;

const ipKey = "fairway.dev/ip";
const poolKey = "fairway.dev/ip-pool";
const subnet = "198.19.1.0/24";

const ipam = (keys: Json): Json => ({ ipam: { subnet, ...keys } });

/** A pod as Kubernetes names it. */
const named = (name: string, annotations: Record<string, string> = {}): AddOptions => ({
  annotations,
  args: `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${name}`,
});

const addressOf = (result: Json): unknown => (result.ips as { address: string }[])[0]?.address;

/** ADD in a namespace of its own, which is a new sandbox. */
function life(node: TestNode) {
  let count = 0;
  const sandbox = (): Pod => node.pod(`s${++count}`);
  return {
    sandbox,
    add: (options: AddOptions): { pod: Pod; address: unknown } => {
      const pod = sandbox();
      return { pod, address: addressOf(node.add(pod, options)) };
    },
    refused: (options: AddOptions): Json => {
      const done = node.verb("ADD", sandbox(), options);
      expect(done.code).toBe(1);
      return done.json;
    },
  };
}

const listed = (node: TestNode) =>
  (JSON.parse(node.fairway("ipam", "list", "--json").stdout) as Json[]).map((a) => [
    a.address,
    a.state,
    a.pod,
  ]);

/** As time passes: all that is kept was to be kept until long ago. */
function later(node: TestNode): void {
  const db = new Database(join(node.dataDir, "ledger.db"));
  db.run("UPDATE holds SET until_ms = 1");
  db.close();
}

test("an address by annotation stays the pod's for as long as configured", () =>
  withNode(
    (node) => {
      const { add, refused } = life(node);
      const web = named("web-0", { [ipKey]: "198.19.1.40" });
      const first = add(web);
      expect(first.address).toBe("198.19.1.40/24");
      expect(refused(named("other", { [ipKey]: "198.19.1.40" }))).toMatchObject({ code: 102 });
      node.del(first.pod, web);
      expect(listed(node)).toEqual([["198.19.1.40", "kept", "shop/web-0"]]);
      expect(node.fairway("status", "--no-measure").stdout).toContain(
        "address 198.19.1.40 of network pods is kept for shop/web-0 until 20",
      );
      expect(node.fairway("ipam", "list").stdout).toMatch(/kept +- +shop\/web-0 +until 20/);
      expect(refused(named("other", { [ipKey]: "198.19.1.40" })).msg).toMatch(
        /198\.19\.1\.40 is in use by the pod shop\/web-0, for which it is kept until 20/,
      );
      // Again DEL: nothing changes.
      node.del(first.pod, web);
      const second = add(web);
      expect(second.address).toBe("198.19.1.40/24");
      expect(listed(node)).toEqual([["198.19.1.40", "pod", "shop/web-0"]]);
      node.del(second.pod, web);
      later(node);
      expect(listed(node)).toEqual([]);
      expect(add(named("other", { [ipKey]: "198.19.1.40" })).address).toBe("198.19.1.40/24");
    },
    ipam({ stickyFor: "1h" }),
  ));

test("of both families, and given back by name, not asked for again", () =>
  withNode(
    (node) => {
      const { add } = life(node);
      const web = named("web-0", { [ipKey]: "198.19.1.40, fd00:19:1::40" });
      const pod = add(web).pod;
      node.del(pod, web);
      expect(listed(node).map(([address]) => address)).toEqual(["198.19.1.40", "fd00:19:1::40"]);
      // The next one of the name asks for no particular address.
      const result = node.add(node.pod("again"), named("web-0", { [poolKey]: "default" }));
      expect(result.ips).toMatchObject([
        { address: "198.19.1.40/24" },
        { address: "fd00:19:1::40/64" },
      ]);
    },
    { ipam: { ranges: [[{ subnet }], [{ subnet: "fd00:19:1::/64" }]], stickyFor: "30m" } },
  ));

test("a pool: only who asks for it gets of it, and a StatefulSet's pod gets its own again", () =>
  withNode(
    (node) => {
      const { add, refused } = life(node);
      const asks = (name: string) => named(name, { [poolKey]: "db" });
      const [db0, db1] = [add(asks("db-0")), add(asks("db-1"))];
      expect([db0.address, db1.address]).toEqual(["198.19.1.2/24", "198.19.1.3/24"]);
      expect(add(named("web")).address).toBe("198.19.1.4/24");
      expect(refused(asks("db-2"))).toMatchObject({
        code: 101,
        msg: "shop/db-2: pool db of network pods has no free address in 198.19.1.2-198.19.1.3: all 2 are given",
      });
      node.del(db0.pod, asks("db-0"));
      node.del(db1.pod, asks("db-1"));
      // None is handed to anybody else, however short addresses are.
      expect(refused(asks("db-2")).msg).toMatch(/all 2 are given \(2 of the network are kept/);
      expect(add(asks("db-1")).address).toBe("198.19.1.3/24");
      expect(add(asks("db-0")).address).toBe("198.19.1.2/24");
      expect(refused(named("x", { [poolKey]: "bd" }))).toMatchObject({
        code: 7,
        msg: 'shop/x: fairway.dev/ip-pool: "bd" is no pool of this network',
        details: "Known: db, default.",
      });
      expect(refused(named("x", { [poolKey]: "db", [ipKey]: "198.19.1.77" })).msg).toMatch(
        /198\.19\.1\.77 is not in the pool db/,
      );
    },
    ipam({ stickyFor: "1h", pools: { db: ["198.19.1.2/31"] } }),
  ));

test("the default pool keeps what nobody set apart; who asks for nothing keeps nothing", () =>
  withNode(
    (node) => {
      const { add } = life(node);
      const asks = named("db-0", { [poolKey]: "default" });
      const db = add(asks);
      const web = add(named("web-0"));
      node.del(db.pod, asks);
      node.del(web.pod, named("web-0"));
      expect(listed(node)).toEqual([["198.19.1.2", "kept", "shop/db-0"]]);
      for (const address of ["198.19.1.4/24", "198.19.1.5/24"])
        expect(add(named("other")).address).toBe(address);
      expect(add(asks).address).toBe("198.19.1.2/24");
    },
    ipam({ stickyFor: "1h" }),
  ));

test("without stickyFor nothing is kept; taken out of the configuration it ends with the next DEL", () =>
  withNode((node) => {
    const { add } = life(node);
    const asks = named("db-0", { [poolKey]: "default" });
    const first = add(asks);
    node.del(first.pod, asks);
    expect(listed(node)).toEqual([]);
  }));

test("an ADD that fails leaves what was kept as it was", () =>
  withNode(
    (node) => {
      const { add, refused } = life(node);
      const web = named("web-0", { [ipKey]: "198.19.1.40" });
      const first = add(web);
      node.del(first.pod, web);
      const before = node.fairway("ipam", "list").stdout;
      const tooMuch = { [ipKey]: "198.19.1.40", "fairway.dev/egress-guarantee": "399M" };
      expect(refused(named("web-0", tooMuch))).toMatchObject({ code: 100 });
      expect(node.fairway("ipam", "list").stdout).toBe(before);
    },
    ipam({ stickyFor: "1h" }),
  ));

test("release gives a kept address back; a reboot does not", () =>
  withNode(
    (node) => {
      const { add, sandbox } = life(node);
      const web = named("web-0", { [ipKey]: "198.19.1.40" });
      add(web);
      // What runs is of another boot now.
      const db = new Database(join(node.dataDir, "ledger.db"));
      for (const table of ["attachments", "leases", "facts", "former_roots", "networks"])
        db.run(`UPDATE ${table} SET boot_id = 'an earlier one'`);
      db.close();
      node.del(sandbox(), named("nobody"));
      expect(listed(node)).toEqual([["198.19.1.40", "kept", "shop/web-0"]]);
      expect(node.fairway("ipam", "release", "198.19.1.40").stdout).toBe(
        "198.19.1.40 of network pods is not kept any more\n",
      );
      expect(listed(node)).toEqual([]);
    },
    ipam({ stickyFor: "1h" }),
  ));

test("the policy says who may ask", () =>
  withNode(
    (node) => {
      const { add, refused } = life(node);
      expect(refused(named("a", { [ipKey]: "198.19.1.40" }))).toMatchObject({
        code: 112,
        msg: expect.stringMatching(
          /annotation fairway\.dev\/ip .*annotations allows fairway\.dev\/ip-pool/,
        ),
      });
      expect(add(named("a", { [poolKey]: "default" })).address).toBe("198.19.1.2/24");
    },
    { policy: { default: { annotations: [poolKey] } } },
  ));

test("a living pod's address cannot be set", () =>
  withNode((node) => {
    life(node).add(named("web-0"));
    const done = node.fairway("set", "shop/web-0", "ip=198.19.1.9");
    expect(done.code).toBe(2);
    expect(done.stderr).toMatch(/fairway\.dev\/ip.*living pod/);
  }));

test("the runtime's ranges, in a network that has none of its own", () =>
  withNode((node) => {
    const { add, sandbox } = life(node);
    const ipRanges = [[{ subnet: "198.19.9.0/24", rangeStart: "198.19.9.100" }]];
    const options = { config: { ipam: {} }, runtimeConfig: { ipRanges } };
    const { pod, address } = add(options);
    expect(address).toBe("198.19.9.100/24");
    expect(node.run("ip", "-o", "-4", "address", "show", "dev", "fw0")).toContain("198.19.9.1/24");
    expect(node.fairway("repair").stdout).toBe("nothing to do\n");
    expect(node.fairway("set-capacity", "--egress", "300M").code).toBe(0);
    expect(node.fairway("explain", "--netns", sandbox().netns).stdout).toContain("198.19.9.101");
    node.del(pod, options);
    expect(node.verb("ADD", sandbox(), { config: { ipam: {} } }).json).toMatchObject({
      code: 7,
      msg: "ipam.subnet: is missing",
    });
    // Where the conflist declares the capability, only an ADD without ranges is at fault.
    const declared = { cniVersion: "1.1.0", capabilities: { ipRanges: true }, ipam: {} };
    expect(node.verb("STATUS", pod, { config: declared })).toMatchObject({ code: 0, stdout: "" });
    expect(node.verb("ADD", sandbox(), { config: declared }).json).toMatchObject({
      code: 7,
      msg: "network pods has no range to give addresses from",
    });
  }));
