import { describe, expect, test } from "bun:test";
import { chainEnd } from "../../src/cni/chain.ts";
import { readPrevResult } from "../../src/cni/prev-result.ts";
import { errorOf } from "../config/support.ts";

const netns = "/run/netns/a";
const pod = { name: "eth0", mac: "0a:58:0a:01:00:02", sandbox: netns };
const ip = { address: "10.1.0.2/24", gateway: "10.1.0.1" };
const lease = { address: "10.1.0.2", prefixLength: 24, gateway: "10.1.0.1" };

const endOf = (result: Record<string, unknown>) =>
  chainEnd(readPrevResult({ cniVersion: "1.0.0", ...result }, "1.0.0"), "eth0", netns);

describe("what the plugins before say", () => {
  test.each([
    [
      "bridge",
      { interfaces: [{ name: "cni0" }, { name: "veth1" }, pod], ips: [{ ...ip, interface: 2 }] },
      ["cni0", "veth1"],
    ],
    ["ptp", { interfaces: [{ name: "veth1" }, pod], ips: [{ ...ip, interface: 1 }] }, ["veth1"]],
    ["Calico: the host's side only", { interfaces: [{ name: "cali1" }], ips: [ip] }, ["cali1"]],
    ["the pod's side only", { interfaces: [pod], ips: [ip] }, []],
    [
      "the namespace by its older path",
      { interfaces: [{ ...pod, sandbox: "/var/run/netns/a" }], ips: [ip] },
      [],
    ],
  ])("%s", (_, result, hostNames) => {
    expect(endOf(result)).toEqual({ hostNames, leases: [lease] });
  });

  test("has the addresses of that interface only, of both families, as the kernel writes them", () => {
    const interfaces = [pod, { ...pod, name: "net1" }];
    const ips = [
      { ...ip, interface: 0 },
      { address: "FD00:0:0::2/64", interface: 0 },
      { address: "10.9.0.2/24", interface: 1 },
    ];
    expect(endOf({ interfaces, ips }).leases).toEqual([
      lease,
      { address: "fd00::2", prefixLength: 64, gateway: null },
    ]);
  });
});

describe("what a chain may lack", () => {
  test.each([
    ["interfaces", { ips: [ip] }, "no interfaces provided"],
    ["interfaces, as Go writes it", { interfaces: null, ips: [ip] }, "no interfaces provided"],
    [
      "the pod's interface",
      { interfaces: [{ ...pod, name: "net1" }], ips: [ip] },
      "no interface eth0 in /run/netns/a among its interfaces (net1 in /run/netns/a)",
    ],
    [
      "it, in this namespace",
      { interfaces: [{ ...pod, sandbox: "/run/netns/b" }], ips: [ip] },
      "eth0 in /run/netns/b",
    ],
    ["addresses", { interfaces: [pod] }, "no IP address of eth0"],
    [
      "addresses of it",
      { interfaces: [pod, { name: "veth1" }], ips: [{ ...ip, interface: 1 }] },
      "no IP address of eth0",
    ],
    ["a prefix", { interfaces: [pod], ips: [{ address: "10.1.0.2" }] }, "ips[0].address"],
  ])("%s", (_, result, says) => {
    const error = errorOf(() => endOf(result));
    expect(error.kind).toBe("badConfig");
    expect(error.message).toContain(says);
    expect(error.message).not.toContain("not found");
  });

  test("is told with what to write in the conflist", () => {
    expect(errorOf(() => endOf({})).details).toContain('fairway stands in "plugins"');
  });
});
