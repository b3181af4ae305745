/** /proc/sys that is mounted read-only: an ADD needs to write only what is not right already. */
import { expect, test } from "bun:test";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary } from "../support/binary.ts";
import { dumpNode, dumpPod } from "../support/dump.ts";
import {
  type AddOptions,
  type Pod,
  requestOf,
  type TestNode,
  verbEnvironment,
  withNode,
} from "../support/node.ts";

const readOnly = "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec";

/** As the node's `verb`, in a mount namespace of its own. */
function verb(node: TestNode, name: string, pod: Pod, options: AddOptions = {}) {
  const argv = ["unshare", "-m", "sh", "-c", `${readOnly} ${binary}`];
  const { stdout, code } = inNamespace(node.lab.node, argv, {
    stdin: requestOf(node.config, options),
    env: verbEnvironment(name, pod, options),
  });
  return { code, json: (stdout === "" ? {} : JSON.parse(stdout)) as Record<string, unknown> };
}

const status = (node: TestNode, pod: Pod) =>
  verb(node, "STATUS", pod, { config: { cniVersion: "1.1.0" } });

const set = (node: TestNode, ...settings: string[]): void =>
  void node.run("sysctl", "-qw", ...settings);

function setInPod(pod: Pod, ...settings: string[]): void {
  const { code, stderr } = inNamespace(pod.namespace, ["sysctl", "-qw", ...settings]);
  if (code !== 0) throw new Error(stderr);
}

const forwarding = [
  "net.ipv4.ip_forward=1",
  "net.bridge.bridge-nf-call-iptables=1",
  "net.bridge.bridge-nf-call-ip6tables=1",
  "net.ipv6.conf.all.forwarding=1",
];
/** What Fairway's interfaces begin with. */
const ofNewInterfaces = ["net.ipv6.conf.default.accept_ra=0", "net.ipv6.conf.default.accept_dad=0"];

const dualStack = {
  ranges: [[{ subnet: "198.19.1.0/24" }], [{ subnet: "fd00:19::/64" }]],
};

test.each([
  ["IPv4", { subnet: "198.19.1.0/24" }],
  ["IPv4 and IPv6", dualStack],
])("%s: with all of it right, an ADD, a CHECK and a DEL, and STATUS is content", (_, ipam) =>
  withNode((node) => {
    node.config.ipam = ipam;
    const pod = node.pod("a");
    set(node, ...forwarding, ...ofNewInterfaces);
    setInPod(pod, ...ofNewInterfaces);
    expect(status(node, pod)).toEqual({ code: 0, json: {} });
    const added = verb(node, "ADD", pod);
    expect(added.code).toBe(0);
    expect(node.check(pod, added.json)).toMatchObject({ code: 0 });
    expect(verb(node, "DEL", pod).code).toBe(0);
  }),
);

interface Wrong {
  title: string;
  /** Set after all is right. */
  node?: string[];
  pod?: string;
  /** What differs, the value that was found and the one that has to be. */
  says: string;
  todo: string;
}

test.each<Wrong>([
  {
    title: "forwarding is off",
    node: ["net.ipv4.ip_forward=0"],
    says: "net.ipv4.ip_forward is 0 and has to be 1",
    todo: "sysctl -w net.ipv4.ip_forward=1",
  },
  {
    title: "forwarding of IPv6 is off",
    node: ["net.ipv6.conf.all.forwarding=0", "net.ipv6.conf.uplink.accept_ra=2"],
    says: "net.ipv6.conf.all.forwarding is 0 and has to be 1",
    todo: "sysctl -w net.ipv6.conf.all.forwarding=1",
  },
  {
    title: "the uplink would listen to routers no more",
    node: ["net.ipv6.conf.all.forwarding=0"],
    says: "net.ipv6.conf.uplink.accept_ra is 1 and has to be 2",
    todo: "sysctl -w net.ipv6.conf.uplink.accept_ra=2",
  },
  {
    title: "bridged packets pass iptables by",
    node: ["net.bridge.bridge-nf-call-iptables=0"],
    says: "net.bridge.bridge-nf-call-iptables is 0 and has to be 1",
    todo: "sysctl -w net.bridge.bridge-nf-call-iptables=1",
  },
  {
    title: "a new bridge would listen to routers",
    node: ["net.ipv6.conf.default.accept_ra=1"],
    says: "net.ipv6.conf.fw0.accept_ra is 1 and has to be 0",
    todo: "sysctl -w net.ipv6.conf.default.accept_ra=0",
  },
  {
    title: "the pod would listen to routers",
    pod: "net.ipv6.conf.default.accept_ra=1",
    says: "net.ipv6.conf.eth0.accept_ra is 1 and has to be 0",
    todo: "sysctl -w net.ipv6.conf.default.accept_ra=0",
  },
])("$title: what is wrong, what it has to be, what to do, and nothing is left", (row) =>
  withNode((node) => {
    node.config.ipam = dualStack;
    const [a, b] = [node.pod("a"), node.pod("b")];
    set(node, ...forwarding, ...ofNewInterfaces);
    for (const pod of [a, b]) setInPod(pod, ...ofNewInterfaces);
    if (row.node !== undefined) set(node, ...row.node);
    if (row.pod !== undefined) setInPod(a, row.pod);
    const told = {
      msg: expect.stringMatching(new RegExp(`${row.says}.*/proc/sys cannot be written`)),
      details: expect.stringContaining(row.todo),
    };
    const before = dumpPod(a.namespace);
    expect(verb(node, "ADD", a).json).toMatchObject({ code: 106, ...told });
    expect(dumpPod(a.namespace)).toBe(before);
    // What a pod's namespace begins with STATUS does not know.
    if (row.node === undefined) return;
    expect(dumpNode(node.lab.node)).not.toContain("fw0");
    expect(status(node, a).json).toMatchObject({ code: 50, ...told });
  }),
);
