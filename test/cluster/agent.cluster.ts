/** The agent as a part of a cluster, by a real API server. The runtime's calls are those of a lab's node. */
import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { callOf } from "../support/agent.ts";
import { bandwidthClass } from "./manifests.ts";
import { agentToken, type MemberNode, nodeObject, withMember } from "./member-node.ts";
import { hasApiServer } from "./tools.ts";

const guarantee = "fairway.dev/egress-guarantee";
const limit = "kubernetes.io/egress-bandwidth";
const taint = { key: "fairway.dev/agent-not-ready", effect: "NoSchedule" };
const limitMs = 180_000;
/** How long an API server is away: as long as its test takes; by hand longer, as with AWAY_SECONDS=3600. */
const awayMs = Number(process.env.AWAY_SECONDS ?? "0") * 1_000;

function memberTest(
  title: string,
  use: (member: MemberNode) => Promise<void>,
  taints = [taint],
): void {
  const full = hasApiServer ? title : `${title} (needs Go)`;
  test.skipIf(!hasApiServer)(full, () => withMember(use, taints), limitMs + awayMs);
}

memberTest("a living pod's annotation is in force, or refused in its events", async (m) => {
  await m.pod("cart", { [guarantee]: "50M" });
  await m.pod("till", { [guarantee]: "40M" });
  await using _agent = await m.agent();
  const { server } = m;

  expect((await m.untilEvent("cart", "BandwidthAssigned")).note).toBe(
    "egress 50M guaranteed; ingress best effort",
  );
  await m.annotate("cart", `${guarantee}=150M`);
  await server.until("150M are promised", async () => m.promised("cart").egress === 150e6);
  expect((await m.untilEvent("cart", "BandwidthResized")).note).toBe(
    "egress 150M guaranteed; ingress best effort; before: egress 50M guaranteed; ingress best effort",
  );
  // The kernel has it, too.
  expect(m.node.run("tc", "class", "show", "dev", "uplink")).toContain("rate 150Mbit");

  await m.annotate("cart", `${guarantee}=10G`);
  const refused = await m.untilEvent("cart", "BandwidthRejected");
  expect(refused.type).toBe("Warning");
  expect(refused.note).toContain("the pod asks for an egress guarantee of 10G");
  expect(refused.note).toContain("keeps what it has (egress 150M guaranteed");
  expect(refused.note).not.toContain("pods/cart/eth0");
  expect(m.promised("cart").egress).toBe(150e6);

  await m.annotate("cart", `${guarantee}=lots`);
  await server.until("what cannot be read is told", async () =>
    (await m.events("cart")).some(({ note }) => note.includes('"lots" is not a rate')),
  );
  await m.annotate("cart", `${guarantee}-`);
  await server.until("nothing is promised any more", async () => m.promised("cart").egress === 0);
  await m.annotate("cart", `${limit}=5M`);
  await server.until(
    "Kubernetes' own annotation counts",
    async () => m.promised("cart").limit === 5e6,
  );
  expect(m.promised("till").egress).toBe(40e6);
  console.log(await server.kubectl("describe", "pod", "cart"));
});

memberTest("a pod that cannot start is told why, without its container's id", async (m) => {
  const uid = await m.object("cart", { [guarantee]: "10G" });
  await using agent = await m.agent();
  const pod = m.node.pod("cart");
  const asked = {
    annotations: { [guarantee]: "10G" },
    args: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=cart;K8S_POD_UID=${uid}`,
  };
  const calls = [callOf(m.node, "ADD", pod, asked)];
  // There may be room once sandboxes that are gone are freed, which is another process's to do.
  expect(await agent.ask(calls, "together")).toMatchObject([{ state: "declined" }]);
  const { note } = await m.untilEvent("cart", "BandwidthRejected");
  expect(note).toStartWith(
    "the pod cannot start: the pod asks for an egress guarantee of 10G, and 380M is free",
  );
  expect(note).not.toContain("eth0");
  // The runtime tries again and again, and it stays one event.
  expect(await agent.ask(calls, "together")).toMatchObject([{ state: "declined" }]);
  const wrong = { ...asked, annotations: { [guarantee]: "lots" } };
  expect((await agent.verb("ADD", pod, wrong)).code).toBe(1);
  await m.server.until("what cannot be read is told, too", async () =>
    (await m.events("cart")).some((each) => each.note.includes('"lots" is not a rate')),
  );
  expect(await m.events("cart")).toHaveLength(2);
});

memberTest("what there is no room for is given when there is", async (m) => {
  const till = await m.pod("till", { [guarantee]: "200M" });
  await m.pod("cart", { [guarantee]: "50M" });
  await using _agent = await m.agent();
  await m.annotate("cart", `${guarantee}=300M`);
  await m.untilEvent("cart", "BandwidthRejected");
  expect(m.promised("cart").egress).toBe(50e6);
  m.node.del(till);
  await m.server.until("300M are promised", async () => m.promised("cart").egress === 300e6);
});

memberTest("what fairway set put over an annotation stays over it, and is shown", async (m) => {
  await m.pod("cart", { [guarantee]: "50M" });
  await using _agent = await m.agent();
  await m.untilEvent("cart", "BandwidthAssigned");
  expect(m.node.fairway("set", "default/cart", "egress-guarantee=80M").code).toBe(0);
  expect((await m.untilEvent("cart", "BandwidthOverridden")).note).toContain(
    "egress-guarantee=80M",
  );
  await m.annotate("cart", `${guarantee}=120M`, "fairway.dev/ingress-guarantee=7M");
  await m.server.until(
    "the other direction follows",
    async () => m.promised("cart").ingress === 7e6,
  );
  expect(m.promised("cart").egress).toBe(80e6);
  expect(m.node.fairway("set", "default/cart", "--reset").code).toBe(0);
  expect(m.promised("cart").egress).toBe(120e6);
});

memberTest("an address that is asked for anew is told, and not given", async (m) => {
  await m.pod("cart", { [guarantee]: "50M" });
  await using _agent = await m.agent();
  await m.annotate("cart", "fairway.dev/ip=198.19.1.77", `${guarantee}=60M`);
  expect((await m.untilEvent("cart", "AddressNotChanged")).note).toContain("fairway.dev/ip");
  await m.server.until("the rest is done", async () => m.promised("cart").egress === 60e6);
});

memberTest("a pod that is made anew under its name is not taken for the one before", async (m) => {
  await m.pod("cart", { [guarantee]: "50M" });
  await using _agent = await m.agent();
  await m.untilEvent("cart", "BandwidthAssigned");
  // A force deletion: the API has a new pod of this name, and the old one's sandbox is still there.
  await m.server.kubectl("delete", "pod", "cart", "--force", "--grace-period=0");
  const uid = await m.object("cart", { [guarantee]: "90M" });
  await m.pod("till", { [guarantee]: "10M" });
  await m.annotate("till", `${guarantee}=20M`);
  await m.server.until(
    "another pod's change is done",
    async () => m.promised("till").egress === 20e6,
  );
  expect(m.promised("cart").egress).toBe(50e6);
  expect(uid).not.toBe("");
});

memberTest("a hostile annotation hurts nobody", async (m) => {
  await m.pod("cart", { [guarantee]: "50M" });
  await m.pod("till", { [guarantee]: "50M" });
  await using agent = await m.agent();
  await m.untilEvent("cart", "BandwidthAssigned");
  const patch = join(m.confDir, "../patch.json");
  const value = `\u001b[31m\u0000\n${"x".repeat(240 * 1024)}`.replace("\u0000", "\u0001");
  writeFileSync(patch, JSON.stringify({ metadata: { annotations: { [guarantee]: value } } }));
  await m.server.kubectl("patch", "pod", "cart", "--type=merge", "--patch-file", patch);
  const refused = await m.untilEvent("cart", "BandwidthRejected");
  expect(refused.note).toContain("characters");
  await m.server.kubectl("annotate", "pod", "cart", "--overwrite", `${guarantee}=\u001b[31m5M`);
  await m.server.until("a short one is told", async () =>
    (await m.events("cart")).some(({ note }) => note.includes("is not a rate")),
  );
  for (const { note } of await m.events("cart")) expect(note).not.toMatch(/\p{Cc}/u);
  await m.annotate("till", `${guarantee}=60M`);
  await m.server.until("others are served", async () => m.promised("till").egress === 60e6);
  expect(agent.log()).not.toContain("xxxxxxxxxx");
  expect(agent.log().length).toBeLessThan(20_000);
});

memberTest(
  "the node tells what it has, and is opened once the agent is ready",
  async (m) => {
    await m.pod("cart", { [guarantee]: "50M" });
    const spec = async () =>
      (await m.server.get<{ spec: { taints?: { key: string }[] } }>("node", "node1")).spec;
    expect(JSON.stringify(await spec())).toContain("agent-not-ready");
    await using _agent = await m.agent();
    await m.server.until(
      "the taint is gone",
      async () => !JSON.stringify(await spec()).includes("agent-not-ready"),
    );
    expect((await spec()).taints?.map(({ key }) => key)).toContain("somebody.else/taint");
    await m.server.until(
      "the Node tells it",
      async () => (await m.nodeAnnotations())["fairway.dev/egress-promised"] === "50M",
    );
    const { "fairway.dev/egress-capacity": capacity, "fairway.dev/egress-free": free } =
      await m.nodeAnnotations();
    expect([capacity, free]).toEqual(["400M", "330M"]);
    await m.annotate("cart", `${guarantee}=60M`);
    await m.server.until(
      "it follows",
      async () => (await m.nodeAnnotations())["fairway.dev/egress-promised"] === "60M",
    );
    // Put back by somebody, it goes again.
    await m.server.kubectl("taint", "node", "node1", "fairway.dev/agent-not-ready=:NoSchedule");
    await m.server.until(
      "the taint is gone again",
      async () => !JSON.stringify(await spec()).includes("agent-not-ready"),
    );
  },
  [taint, { key: "somebody.else/taint", effect: "NoSchedule" }],
);

memberTest(
  "an API server that is away changes nothing, and what was changed is done when it is back",
  async (m) => {
    await m.pod("cart", { [guarantee]: "50M" });
    await using agent = await m.agent();
    await m.untilEvent("cart", "BandwidthAssigned");
    await m.server.signal("SIGKILL");
    const backMs = performance.now() + awayMs;
    const pod = m.node.pod("alone");
    do {
      const added = await agent.verb("ADD", pod, { annotations: { [guarantee]: "30M" } });
      expect([added.code, added.isAccepted]).toEqual([0, true]);
      expect((await agent.verb("DEL", pod)).code).toBe(0);
      expect(m.promised("cart").egress).toBe(50e6);
      expect(agent.page("/healthz")).toContain("ok");
      await Bun.sleep(Math.max(0, Math.min(10_000, backMs - performance.now())));
    } while (performance.now() < backMs);
    await m.server.until("it is told", async () => agent.log().includes("pods cannot be followed"));
    await m.server.start();
    await m.annotate("cart", `${guarantee}=70M`);
    await m.server.until("70M are promised", async () => m.promised("cart").egress === 70e6);
    const over = "pods cannot be followed: it works again";
    await m.server.until("that it is back is told", async () => agent.log().includes(over));
  },
);

memberTest("an API server that hangs keeps no verb waiting", async (m) => {
  await m.pod("cart", { [guarantee]: "50M" });
  await using agent = await m.agent();
  await m.untilEvent("cart", "BandwidthAssigned");
  await m.server.signal("SIGSTOP");
  try {
    const pod = m.node.pod("alone");
    const added = await agent.verb("ADD", pod, { annotations: { [guarantee]: "30M" } });
    expect([added.code, added.isAccepted]).toEqual([0, true]);
  } finally {
    await m.server.signal("SIGCONT");
  }
});

memberTest("a token that is no good any more is read anew", async (m) => {
  await m.pod("cart", { [guarantee]: "50M" });
  const good = readFileSync(m.tokenFile, "utf8");
  writeFileSync(m.tokenFile, "expired");
  await using agent = await m.agent();
  await m.server.until("it is told", async () => agent.log().includes("Unauthorized"));
  writeFileSync(m.tokenFile, good);
  await m.annotate("cart", `${guarantee}=70M`);
  await m.server.until("70M are promised", async () => m.promised("cart").egress === 70e6);
});

memberTest("a node that is renamed: what its old name has is not written to", async (m) => {
  await m.pod("cart", { [guarantee]: "50M" });
  {
    await using _agent = await m.agent();
    await m.untilEvent("cart", "BandwidthAssigned");
    await m.server.until(
      "the Node tells it",
      async () => (await m.nodeAnnotations())["fairway.dev/egress-promised"] === "50M",
    );
  }
  // Its kubelet has registered it under another name, and its agent's pod has a token for that.
  await m.server.apply(nodeObject("renamed", { spec: { taints: [taint] } }));
  writeFileSync(m.tokenFile, await agentToken(m.server, "renamed"));
  const versions = async (): Promise<string[]> =>
    await Promise.all(
      ["node/node1", "pod/cart"].map(async (each) =>
        (await m.server.kubectl("get", each, "-o", "jsonpath={.metadata.resourceVersion}")).trim(),
      ),
    );
  await m.annotate("cart", `${guarantee}=60M`);
  const [before, told] = [await versions(), await m.events("cart")];
  await using agent = await m.agent(["--node", "renamed"]);
  const annotations = async (): Promise<Record<string, string>> => {
    const { metadata } = await m.server.get<{ metadata: { annotations?: Record<string, string> } }>(
      "node",
      "renamed",
    );
    return metadata.annotations ?? {};
  };
  // What was promised stays promised, and counts on the new name.
  await m.server.until(
    "the new name tells it",
    async () => (await annotations())["fairway.dev/egress-promised"] === "50M",
  );
  const { spec } = await m.server.get<{ spec: { taints?: unknown[] } }>("node", "renamed");
  expect(JSON.stringify(spec.taints ?? [])).not.toContain(taint.key);
  await m.pod("till", { [guarantee]: "10M" }, "renamed");
  await m.untilEvent("till", "BandwidthAssigned");
  await m.annotate("till", `${guarantee}=20M`);
  await m.server.until("a pod of it is followed", async () => m.promised("till").egress === 20e6);
  expect(m.promised("cart").egress).toBe(50e6);
  expect([await versions(), await m.events("cart")]).toEqual([before, told]);
  expect(agent.log()).not.toContain("cannot be written");
});

memberTest("two agents on a node: the second one ends with words, and tells nothing", async (m) => {
  await m.pod("cart", { [guarantee]: "50M" });
  await using agent = await m.agent();
  await m.untilEvent("cart", "BandwidthAssigned");
  const second = m.node.fairway(
    ...["agent", "--socket", agent.socket, "--cluster", "--node", "node1"],
    ...["--kubeconfig", m.kubeconfig],
  );
  expect(second.code).toBe(1);
  expect(second.stderr).toContain(`another agent has ${agent.socket}`);
  await m.annotate("cart", `${guarantee}=150M`);
  await m.untilEvent("cart", "BandwidthResized");
  const told = (await m.events("cart")).map(({ reason, count }) => `${reason} ${count}`);
  expect(told.toSorted()).toEqual(["BandwidthAssigned 1", "BandwidthResized 1"]);
  expect((await agent.verb("ADD", m.node.pod("alone"))).code).toBe(0);
});

memberTest("an agent without rights does no harm, and says so", async (m) => {
  await m.server.kubectl("delete", "clusterrolebinding", "fairway");
  await m.pod("cart", { [guarantee]: "50M" });
  await using agent = await m.agent();
  await m.server.until("it is told", async () => agent.log().includes("forbidden"));
  const pod = m.node.pod("alone");
  expect((await agent.verb("ADD", pod)).code).toBe(0);
});

memberTest(
  "an agent's token is refused on another node",
  async (m) => {
    const { server } = m;
    await server.apply(nodeObject("node2"));
    const token = await agentToken(server, "node1");
    const ask = (method: string, path: string, type = "", body: unknown = null): string =>
      m.node.run(
        ...[
          "curl",
          "-sS",
          "-A",
          "test",
          "--cacert",
          server.ca,
          "-X",
          method,
          "-H",
          `Authorization: Bearer ${token}`,
        ],
        ...(type === "" ? [] : ["-H", `Content-Type: ${type}`, "--data", JSON.stringify(body)]),
        `${server.url}${path}`,
      );
    const patch = (node: string, body: unknown): string =>
      ask("PATCH", `/api/v1/nodes/${node}`, "application/merge-patch+json", body);
    const annotations = { "fairway.dev/egress-free": "1M" };
    // The policy is in force some moments after it was made.
    await server.until("another node's Node is refused", async () =>
      patch("node2", { metadata: { annotations } }).includes(
        "the agent of node node1 may change its own Node, and not node2",
      ),
    );
    expect(patch("node1", { metadata: { annotations } })).toContain(
      '"fairway.dev/egress-free":"1M"',
    );
    expect(patch("node1", { metadata: { annotations: { other: "1" } } })).toContain(
      "may change only the annotations below fairway.dev/",
    );
    expect(patch("node1", { metadata: { labels: { pool: "web" } } })).toContain(
      "may not change the labels",
    );
    expect(patch("node1", { spec: { unschedulable: true } })).toContain(
      "nor whether it takes pods",
    );
    const taints = [{ key: "a", effect: "NoExecute" }];
    expect(patch("node1", { spec: { taints } })).toContain("may take away the taint");
    expect(patch("node1", { spec: { taints: null } })).toContain("may take away the taint");
    const status = (node: string, body: unknown): string =>
      ask("PATCH", `/api/v1/nodes/${node}/status`, "application/merge-patch+json", body);
    const ours = { "fairway.dev/egress-mbps": "380" };
    expect(status("node1", { status: { capacity: ours, allocatable: ours } })).toContain(
      '"fairway.dev/egress-mbps":"380"',
    );
    expect(status("node2", { status: { capacity: ours } })).toContain("and not node2");
    for (const place of ["capacity", "allocatable"])
      for (const amounts of [{ cpu: "1000" }, { ...ours, "example.com/gpu": "8" }])
        expect(status("node1", { status: { [place]: amounts } })).toContain(
          "may change only fairway.dev/egress-mbps",
        );
    const conditions = [{ type: "Ready", status: "True" }];
    for (const part of [
      { conditions },
      { addresses: [{ type: "InternalIP", address: "198.18.0.9" }] },
      { nodeInfo: { kubeletVersion: "v9" } },
    ])
      expect(status("node1", { status: part })).toContain("may change nothing but those resources");
    expect(status("node1", { metadata: { labels: { pool: "web" } } })).toContain(
      "may not change the labels",
    );
    expect(status("node1", { metadata: { annotations: { other: "1" } } })).toContain(
      "may change only the annotations below fairway.dev/",
    );
    expect(ask("DELETE", "/api/v1/nodes/node1")).toContain("cannot delete resource");
    expect(ask("GET", "/api/v1/secrets")).toContain("cannot list resource");
    expect(ask("DELETE", "/api/v1/namespaces/default/pods/none")).toContain(
      "cannot delete resource",
    );
    const event = (reportingInstance: string): string =>
      ask("POST", "/apis/events.k8s.io/v1/namespaces/default/events", "application/json", {
        metadata: { generateName: "e-", namespace: "default" },
        eventTime: "2026-01-01T00:00:00.000000Z",
        reportingController: "fairway.dev/agent",
        reportingInstance,
        action: "a",
        reason: "r",
        regarding: { apiVersion: "v1", kind: "Pod", namespace: "default", name: "p" },
        type: "Normal",
      });
    expect(event("node2")).toContain("may tell only its own events");
    expect(event("node1")).toContain('"reportingInstance":"node1"');
  },
  [taint, { key: "somebody.else/taint", effect: "NoSchedule" }],
);

/** As `fairway install` writes it. */
function conflist(m: MemberNode): string {
  const { name, cniVersion, ...plugin } = m.node.config;
  mkdirSync(m.confDir, { recursive: true });
  const file = join(m.confDir, "10-fairway.conflist");
  const list = { cniVersion, name, plugins: [plugin, { type: "portmap" }] };
  writeFileSync(file, `${JSON.stringify(list, null, 2)}\n`);
  return file;
}

memberTest(
  "a BandwidthClass becomes the node's configuration, and what was there comes back",
  async (m) => {
    const file = conflist(m);
    const before = readFileSync(file, "utf8");
    const plugin = () =>
      (JSON.parse(readFileSync(file, "utf8")) as { plugins: Record<string, unknown>[] })
        .plugins[0] ?? {};
    const capacity = async (): Promise<string> =>
      (await m.nodeAnnotations())["fairway.dev/egress-capacity"] ?? "";
    await m.pod("cart", { [guarantee]: "50M" });
    await using _agent = await m.agent();
    await m.server.until("the Node tells it", async () => (await capacity()) === "400M");

    const spec = {
      nodeSelector: { pool: "storage" },
      egressCapacity: "300M",
      tiers: { high: { egressGuarantee: "20M" } },
    };
    await m.server.apply(bandwidthClass("storage", spec));
    await m.server.until("it is in the file", async () =>
      JSON.stringify(plugin().uplink).includes("300M"),
    );
    expect(plugin().tiers).toEqual({ high: { egressGuarantee: "20M" } });
    expect(plugin().ipam).toEqual(m.node.config.ipam as object);
    await m.server.until("it is in force", async () => (await capacity()) === "300M");
    expect((await m.nodeAnnotations())["fairway.dev/bandwidth-class"]).toBe("storage");
    expect(m.node.run("tc", "class", "show", "dev", "uplink")).toContain("300Mbit");
    await m.untilEvent("node1", "BandwidthClassApplied");

    // It contradicts itself, which only the rules of the configuration know.
    await m.server.apply(bandwidthClass("storage", { ...spec, defaultTier: "low" }));
    expect((await m.untilEvent("node1", "BandwidthClassRejected")).note).toContain("defaultTier");
    expect(plugin().defaultTier).toBeUndefined();
    const { code, stderr } = await m.server.tryKubectl(["apply", "-f", "-"], {
      stdin: JSON.stringify(bandwidthClass("typo", { egressCapacty: "1G" })),
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining("egressCapacty")]);

    await m.server.apply(bandwidthClass("storage", { ...spec, egressCapacity: "40M" }));
    expect((await m.untilEvent("node1", "BandwidthClassDoesNotFit")).note).toContain("50M");
    expect(m.promised("cart").egress).toBe(50e6);

    await m.server.apply(bandwidthClass("other", { egressCapacity: "350M" }));
    await m.server.until("a tie is told", async () =>
      (await m.events("node1")).some(({ note }) =>
        note.includes("other, storage select this node"),
      ),
    );
    expect(JSON.stringify(plugin().uplink)).toContain("40M");
    await m.server.apply(bandwidthClass("other", { egressCapacity: "350M", priority: 5 }));
    await m.server.until("the higher one holds", async () => (await capacity()) === "350M");

    await m.server.kubectl("delete", "bandwidthclasses", "--all");
    await m.server.until("what was there is back", async () => (await capacity()) === "400M");
    expect(readFileSync(file, "utf8")).toBe(before);
  },
);

memberTest("capacity is told to the scheduler as the class says, and is told anew", async (m) => {
  conflist(m);
  const told = async (): Promise<unknown[]> => {
    const { status } = await m.server.get<{
      status: { capacity?: Record<string, string>; allocatable?: Record<string, string> };
    }>("node", "node1");
    return [status.capacity, status.allocatable].flatMap((place) =>
      ["egress", "ingress"].map((each) => place?.[`fairway.dev/${each}-mbps`] ?? null),
    );
  };
  const untilTold = (what: string, egress: string | null, ingress = egress): Promise<void> =>
    m.server.until(what, async () => {
      const found = JSON.stringify(await told());
      if (found === JSON.stringify([egress, ingress, egress, ingress])) return true;
      throw new Error(found);
    });
  await using agent = await m.agent();
  // Before the first pod, and where no kubelet copies anything.
  await untilTold("it is told", "380");
  await m.pod("cart", { [guarantee]: "50M" });
  await untilTold("what no scheduler counts is taken off", "330", "380");
  await m.server.kubectl("delete", "node", "node1");
  await m.server.apply(nodeObject("node1"));
  writeFileSync(m.tokenFile, await agentToken(m.server, "node1"));
  await untilTold("a Node that was made anew has it", "330", "380");

  await m.server.apply(bandwidthClass("all", { publish: "split" }));
  // 190 of each way, and half of what neither counts is taken off each.
  await untilTold("half of it", "165", "190");
  await m.server.apply(bandwidthClass("all", { publish: "dra" }));
  await untilTold("it is taken away", null);
  await m.server.apply(bandwidthClass("all", { publish: "resources", egressCapacity: "200M" }));
  await untilTold("the class's capacity", "140", "380");
  const { code, stderr } = await m.server.tryKubectl(["apply", "-f", "-"], {
    stdin: JSON.stringify(bandwidthClass("typo", { publish: "both" })),
  });
  expect([code, stderr]).toEqual([1, expect.stringContaining('"both"')]);
  expect(agent.log()).not.toContain("cannot be written");
});

memberTest("routes to other nodes' pods are kept, and no others are touched", async (m) => {
  const other = (name: string, cidr: string, address: string) =>
    nodeObject(name, {
      spec: { podCIDR: cidr, podCIDRs: [cidr] },
      status: { addresses: [{ type: "InternalIP", address }] },
    });
  const create = async (name: string, cidr: string, address: string): Promise<void> => {
    await m.server.apply(other(name, cidr, address));
    const status = JSON.stringify({ status: { addresses: [{ type: "InternalIP", address }] } });
    await m.server.kubectl(
      "patch",
      "node",
      name,
      "--subresource=status",
      "--type=merge",
      "-p",
      status,
    );
  };
  const prefix = "198.18.0";
  await create("node2", "198.19.2.0/24", `${prefix}.222`);
  await create("far", "198.19.3.0/24", "203.0.113.9");
  m.node.run("ip", "route", "add", "198.19.9.0/24", "dev", "uplink");
  await m.pod("cart", { [guarantee]: "50M" });
  const ours = (): string =>
    m.node.run("ip", "route", "show", "proto", "70").replaceAll(/\s+$/gm, "");
  {
    await using agent = await m.agent(["--routes", "host-gateway"]);
    await m.server.until("there is a route", async () => ours() !== "");
    expect(ours()).toBe(`198.19.2.0/24 via ${prefix}.222 dev uplink`);
    await m.server.until("the other node is told", async () =>
      agent.log().includes("203.0.113.9 is not on the link"),
    );
    m.node.run("ip", "route", "del", "198.19.2.0/24");
    await m.server.until("it is back", async () => ours() !== "");
    await m.server.kubectl("delete", "node", "node2");
    await m.server.until("it is gone", async () => ours() === "");
    await create("node2", "198.19.2.0/24", `${prefix}.222`);
    await m.server.until("it is there again", async () => ours() !== "");
  }
  expect(ours()).not.toBe("");
  await using _without = await m.agent();
  await m.server.until("an agent without --routes takes it away", async () => ours() === "");
  expect(m.node.run("ip", "route", "show")).toContain("198.19.9.0/24");
});
