/** Whose pod it was stands in every error of a verb, once, and in its log line: who reads it knows no container id. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chainKinds, chainOn } from "../support/chain.ts";
import { fakeDelegate } from "../support/fake-delegate.ts";
import { type AddOptions, type Pod, type TestNode, withNode } from "../support/node.ts";
import { hasReference } from "../support/reference.ts";

const args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart-0";
const title = "shop/cart-0";
const annotated = (annotations: Record<string, string>): AddOptions => ({ annotations });
const guarantee = (rate: string): AddOptions => annotated({ "fairway.dev/egress-guarantee": rate });

interface Row {
  kind: string;
  code: number;
  verb?: "ADD" | "CHECK" | "DEL";
  options?: AddOptions;
  pod?: Partial<Pod>;
  /** Of the node; what it gives goes over the options. */
  before?(node: TestNode, pod: Pod): AddOptions | undefined;
  /** How the message goes on behind the pod's name. */
  says: RegExp;
}

/** A fake IPAM plugin that answers an ADD so. */
const delegating =
  (answer: unknown, exit: number) =>
  (node: TestNode): AddOptions => {
    const fake = fakeDelegate(node.dataDir);
    fake.answer("ADD", answer, exit);
    return { config: { ipam: { type: "fake-ipam" } }, env: { CNI_PATH: fake.folder } };
  };

const lock = (node: TestNode): Database => {
  const ledger = new Database(join(node.dataDir, "ledger.db"));
  ledger.run("BEGIN IMMEDIATE");
  return ledger;
};

const rows: Row[] = [
  {
    kind: "a version that is not known",
    code: 1,
    options: { config: { cniVersion: "9.9.9" } },
    says: /^: incompatible/,
  },
  {
    kind: "an argument that is not known",
    code: 4,
    options: { args: "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart-0;COLOUR=red" },
    says: /^: CNI_ARGS has unknown keys: COLOUR/,
  },
  {
    kind: "an interface name that is none",
    code: 4,
    options: { env: { CNI_IFNAME: "a/b" } },
    says: /^: CNI_IFNAME/,
  },
  {
    kind: "a configuration that is no result's",
    code: 6,
    options: { config: { ipam: undefined, prevResult: { interfaces: 7 } } },
    says: /^: prevResult\.interfaces must be a list/,
  },
  {
    kind: "an unknown key",
    code: 7,
    options: { config: { brige: "fw0" } },
    says: /^: brige: unknown key/,
  },
  {
    kind: "a bad annotation",
    code: 7,
    options: guarantee("10Q"),
    says: /^: fairway\.dev\/egress-guarantee: "10Q"/,
  },
  {
    kind: "no namespace",
    code: 8,
    pod: { netns: "/run/netns/nothing" },
    says: /^: .*nothing at that path/,
  },
  {
    kind: "no capacity left",
    code: 100,
    options: guarantee("500M"),
    says: /^ \(pods\/a\/eth0\) asks for an egress guarantee of 500M/,
  },
  {
    kind: "a latency target that cannot be kept",
    code: 100,
    options: annotated({
      "fairway.dev/egress-guarantee": "10M",
      "fairway.dev/latency-target": "50us",
    }),
    says: /^ \(pods\/a\/eth0\) asks for a latency target of 50us/,
  },
  {
    kind: "no address left",
    code: 101,
    options: { config: { ipam: { subnet: "198.19.1.0/30" } } },
    before: (node) => {
      node.add(node.pod("other"), { config: { ipam: { subnet: "198.19.1.0/30" } } });
      return undefined;
    },
    says: /^: network pods has no free address/,
  },
  {
    kind: "another pod's address",
    code: 102,
    options: { args: `${args};IP=198.19.1.2` },
    before: (node) => {
      node.add(node.pod("other"), { args: "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart-01" });
      return undefined;
    },
    says: /^: the requested address 198\.19\.1\.2 is in use by pods\/other\/eth0/,
  },
  {
    kind: "an attachment that is there",
    code: 103,
    before: (node, pod) => {
      node.add(pod, { args });
      return undefined;
    },
    says: /^: attachment pods\/a\/eth0 exists already, with 198\.19\.1\.2/,
  },
  {
    kind: "an interface that is there",
    code: 103,
    before: (node, pod) => {
      node.run("ip", "-n", pod.namespace, "link", "add", "eth0", "type", "bridge");
      return undefined;
    },
    says: /^: interface eth0 exists already in/,
  },
  {
    kind: "somebody else's root qdisc",
    code: 104,
    before: (node) => {
      node.run(..."tc qdisc add dev uplink root handle 7: bfifo limit 99999b".split(" "));
      return undefined;
    },
    says: /^: the root qdisc of uplink is bfifo 7:/,
  },
  {
    kind: "an IPAM plugin that is not there",
    code: 105,
    options: { config: { ipam: { type: "ham-local" } } },
    says: /^: the IPAM plugin ham-local \(ipam\.type\) is in no folder of CNI_PATH/,
  },
  {
    kind: "no uplink",
    code: 107,
    options: { config: { uplink: { name: "eth77" } } },
    says: /^: uplink\.name: there is no interface eth77/,
  },
  {
    kind: "a capacity that nobody knows",
    code: 108,
    options: { config: { uplink: { name: "uplink" } } },
    says: /^: uplink\.egressCapacity is not set/,
  },
  {
    kind: "a host interface in the way",
    code: 110,
    before: (node) => {
      // With a pod there the ledger is not a lost one.
      node.add(node.pod("other"));
      node.run("ip", "link", "add", "fwv11", "type", "veth", "peer", "name", "x");
      return undefined;
    },
    says: /^: host interface fwv11 exists already/,
  },
  {
    kind: "a ledger that others may write",
    code: 111,
    before: ({ dataDir }) => {
      chmodSync(dataDir, 0o777);
      return undefined;
    },
    says: /^: the ledger's folder .* is writable by/,
  },
  {
    kind: "what the policy does not allow",
    code: 112,
    options: {
      ...guarantee("100M"),
      config: { policy: { default: { maxEgressGuarantee: "60M" } } },
    },
    says: /^ \(pods\/a\/eth0\) .*policy\.default\.maxEgressGuarantee/,
  },
  {
    kind: "an IPAM plugin that says nothing",
    code: 113,
    before: delegating("", 0),
    says: /^: the IPAM plugin fake-ipam printed no result/,
  },
  {
    kind: "an IPAM plugin's own error",
    code: 42,
    before: delegating({ code: 42, msg: "failed to allocate for range 0" }, 1),
    says: /failed to allocate for range 0/,
  },
  {
    kind: "CHECK of what is not there",
    code: 3,
    verb: "CHECK",
    options: { config: { prevResult: {} } },
    says: /^: /,
  },
  {
    kind: "CHECK of what was changed",
    code: 109,
    verb: "CHECK",
    before: (node, pod) => {
      const prevResult = node.add(pod, { args });
      node.run(..."tc class del dev uplink classid fa01:10".split(" "));
      return { config: { prevResult } };
    },
    says: /class fa01:10 on uplink/,
  },
  {
    kind: "DEL with a ledger that others may write",
    code: 111,
    verb: "DEL",
    before: ({ dataDir }) => {
      chmodSync(dataDir, 0o777);
      return undefined;
    },
    says: /^: the ledger's folder/,
  },
];

/** How often a text has another in it. */
const count = (text: string, part: string): number => text.split(part).length - 1;

describe("the pod is named once", () => {
  test.each(rows)("$kind", ({ code, verb = "ADD", options = {}, pod: over, before, says }) =>
    withNode((node) => {
      const pod = node.pod("a");
      const more = before?.(node, pod) ?? {};
      const done = node.verb(verb, { ...pod, ...over }, { args, ...options, ...more });
      chmodSync(node.dataDir, 0o700);
      const msg = String(done.json.msg);
      expect({ exit: done.code, code: done.json.code, msg }).toEqual({
        exit: 1,
        code,
        msg: expect.stringMatching(/^shop\/cart-0[ :]/),
      });
      expect(msg.slice(title.length)).toMatch(says);
      expect(count(msg, title)).toBe(1);
      expect(msg).not.toContain("not found");
    }),
  );

  test(
    "the lock is another's",
    () =>
      withNode((node) => {
        node.add(node.pod("other"));
        const held = lock(node);
        try {
          const { json } = node.verb("ADD", node.pod("a"), { args });
          expect(json).toMatchObject({ code: 11, msg: expect.stringMatching(/^shop\/cart-0: /) });
        } finally {
          held.close();
        }
      }),
    60_000,
  );

  test.skipIf(!hasReference("bridge", "host-local"))("chained (needs Go)", () =>
    withNode((node) => {
      const [kind] = chainKinds;
      if (kind === undefined) throw new RangeError("no kind of chain");
      const chain = chainOn(node, kind);
      const pod = node.pod("a");
      const prevResult = { ...chain.first(pod), interfaces: [] };
      const { json } = chain.add(pod, { ...prevResult, ips: [] }, { env: { CNI_ARGS: args } });
      expect(json).toMatchObject({
        code: 7,
        msg: expect.stringMatching(/^shop\/cart-0: prevResult: no interfaces provided/),
      });
    }),
  );
});

describe("a name that the runtime did not give is not made up", () => {
  test.each<[string, string, RegExp]>([
    ["none", "", /^brige: unknown key/],
    ["a namespace alone", "K8S_POD_NAMESPACE=shop", /^brige: unknown key/],
    // As `status` and `set` have it.
    ["a name alone", "K8S_POD_NAME=cart", /^default\/cart: brige: unknown key/],
    ["two names", "K8S_POD_NAME=a;K8S_POD_NAME=b", /^CNI_ARGS gives K8S_POD_NAME twice/],
    ["letters for a terminal", "K8S_POD_NAME=a\u001b[2J", /^CNI_ARGS has a control character/],
    [
      "no name, but a text",
      `K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${"x".repeat(254)}`,
      /^brige: unknown key/,
    ],
  ])("%s", (_, given, says) =>
    withNode((node) => {
      const done = node.verb("ADD", node.pod("a"), { args: given, config: { brige: "fw0" } });
      expect(done.json.msg).toMatch(says);
    }),
  );
});

test("the log line has the pod in fields of its own, whatever became of the verb", () =>
  withNode((node) => {
    const pod = node.pod("a");
    const logFile = join(node.dataDir, "fairway.log");
    const options = { args, config: { logFile, logLevel: "info" } };
    node.add(pod, options);
    node.verb("ADD", pod, options);
    node.del(pod, options);
    node.verb("DEL", pod, { ...options, args: "" });
    const lines = readFileSync(logFile, "utf8").trim().split("\n");
    const found = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const whose = { podNamespace: "shop", podName: "cart-0" };
    expect(found).toMatchObject([
      { verb: "ADD", outcome: "done", ...whose },
      { verb: "ADD", outcome: "failed", ...whose, msg: expect.stringMatching(/^shop\/cart-0: /) },
      { verb: "DEL", outcome: "done", ...whose },
      { verb: "DEL", outcome: "done" },
    ]);
    expect(found[3]).not.toHaveProperty("podName");
  }));
