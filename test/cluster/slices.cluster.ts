/** What the scheduler's dynamic resource allocation is told, by a real API server; and what a claim may not. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openLedger } from "../../src/ledger/ledger.ts";
import { bootId } from "../../src/node/facts/open.ts";
import { claimShare } from "../ledger/fixtures/samples.ts";
import { repository } from "../support/binary.ts";
import type { Json } from "./kubectl.ts";
import { bandwidthClass } from "./manifests.ts";
import { agentToken, type MemberNode, withMember } from "./member-node.ts";
import { hasApiServer } from "./tools.ts";

const limitMs = 180_000;
const slice = "node1-fairway.dev";

interface Slice {
  metadata: { uid: string; resourceVersion: string };
  spec: {
    pool: { generation: number };
    devices: { name: string; capacity: { bandwidth: { value: string } } }[];
  };
}

function sliceTest(title: string, use: (member: MemberNode) => Promise<void>): void {
  const full = hasApiServer ? title : `${title} (needs Go)`;
  const withClaims = (member: MemberNode): Promise<void> =>
    member.server
      .apply(readFileSync(join(repository, "conf/cluster/dra.yaml"), "utf8"))
      .then(() => use(member));
  test.skipIf(!hasApiServer)(full, () => withMember(withClaims), limitMs);
}

const sliceOf = ({ server }: MemberNode): Promise<Slice> => server.get("resourceslice", slice);

async function untilValues(m: MemberNode, values: Record<string, string>): Promise<Slice> {
  let found: Slice | undefined;
  await m.server.until(`the slice has ${JSON.stringify(values)}`, async () => {
    found = await sliceOf(m);
    const has = Object.fromEntries(
      found.spec.devices.map(({ name, capacity }) => [name, capacity.bandwidth.value]),
    );
    return Bun.deepEquals(has, values);
  });
  return found as Slice;
}

const whole = { "egress-uplink": "380M", "ingress-uplink": "380M" };

sliceTest("a slice follows what its class says, and is kept there", async (m) => {
  const { server } = m;
  await m.pod("first");
  await server.apply(bandwidthClass("all", { publish: "dra" }));
  await using _agent = await m.agent(["--dra"]);
  const first = await untilValues(m, whole);
  expect(first.spec.pool.generation).toBe(1);

  // What was written is what is there: it is not written again.
  await m.pod("second");
  await Bun.sleep(6_000);
  expect((await sliceOf(m)).metadata.resourceVersion).toBe(first.metadata.resourceVersion);

  // What is promised to those whom no claim counts is taken off.
  await m.annotate("second", "fairway.dev/egress-guarantee=80M");
  const less = await untilValues(m, { ...whole, "egress-uplink": "300M" });
  expect(less.spec.pool.generation).toBe(2);
  await m.annotate("second", "fairway.dev/egress-guarantee-");
  await untilValues(m, whole);

  // A kubelet that starts deletes the slices of its node.
  const { pool } = (await sliceOf(m)).spec;
  await server.kubectl("delete", "resourceslice", slice);
  const again = await untilValues(m, whole);
  expect(again.spec.pool.generation).toBeGreaterThan(pool.generation);

  const wrong = [{ op: "replace", path: "/spec/devices/0/capacity/bandwidth/value", value: "9G" }];
  await server.kubectl("patch", "resourceslice", slice, "--type=json", "-p", JSON.stringify(wrong));
  await untilValues(m, whole);

  await server.apply(bandwidthClass("all", { publish: "split" }));
  await untilValues(m, { "egress-uplink": "190M", "ingress-uplink": "190M" });
  await server.apply(bandwidthClass("all", { publish: "resources" }));
  await server.until("there is no slice", async () => {
    const { stdout } = await server.tryKubectl(["get", "resourceslices", "-o", "name"]);
    return stdout.trim() === "";
  });
});

sliceTest("an agent writes the slices of its own node, and no others", async (m) => {
  const { server } = m;
  const token = await agentToken(server, "node1");
  const asAgent = (object: Json) =>
    server.tryKubectl(
      [
        ...[`--token=${token}`, "--kubeconfig=/dev/null", `--server=${server.url}`],
        ...["--insecure-skip-tls-verify", "create", "--dry-run=server", "-f", "-"],
      ],
      { stdin: JSON.stringify(object) },
    );
  const object = (driver: string, nodeName: string): Json => ({
    apiVersion: "resource.k8s.io/v1",
    kind: "ResourceSlice",
    metadata: { name: `${nodeName}-${driver}` },
    spec: {
      ...{ driver, nodeName, devices: [] },
      pool: { name: nodeName, generation: 1, resourceSliceCount: 1 },
    },
  });
  // An API server heeds a new policy some moments later.
  for (const other of [object("fairway.dev", "node2"), object("gpu.example.com", "node1")])
    await server.until("it is refused", async () =>
      (await asAgent(other)).stderr.includes("'fairway-own-devices' denied request"),
    );
  expect(await asAgent(object("fairway.dev", "node1"))).toMatchObject({ code: 0 });
});

sliceTest(
  "a claim of bandwidth is one pod's, and others' claims are as many's as before",
  async (m) => {
    const { server } = m;
    const claimOf = (name: string): Json => ({
      apiVersion: "resource.k8s.io/v1",
      kind: "ResourceClaim",
      metadata: { name },
      spec: {
        devices: {
          requests: [{ name: "out", exactly: { deviceClassName: "egress.fairway.dev" } }],
        },
      },
    });
    const reserved = (count: number): Json[] =>
      Array.from({ length: count }, (_, at) => ({
        ...{ resource: "pods", name: `pod-${at}`, uid: `uid-${at}` },
      }));
    const reserve = (name: string, driver: string, count: number) => {
      const results = [{ request: "out", driver, pool: "node1", device: "egress-uplink" }];
      const status = { allocation: { devices: { results } }, reservedFor: reserved(count) };
      const patch = JSON.stringify({ status });
      return server.tryKubectl([
        ...["patch", "resourceclaim", name, "--subresource=status", "--type=merge", "-p", patch],
      ]);
    };
    await server.apply([claimOf("net"), claimOf("gpu")]);
    expect(await reserve("net", "fairway.dev", 1)).toMatchObject({ code: 0 });
    const words = "claim net is of bandwidth (driver fairway.dev), which one pod has";
    await server.until("a second pod is refused", async () => {
      const { code, stderr } = await reserve("net", "fairway.dev", 2);
      if (code === 0) await reserve("net", "fairway.dev", 1);
      return stderr.includes(words);
    });
    expect(await reserve("gpu", "gpu.example.com", 2)).toMatchObject({ code: 0 });
    expect(await reserve("net", "fairway.dev", 0)).toMatchObject({ code: 0 });
  },
);

sliceTest("a claim's status says which interface has it, and what was promised", async (m) => {
  const { server } = m;
  await server.apply({
    apiVersion: "resource.k8s.io/v1",
    kind: "ResourceClaim",
    metadata: { name: "net" },
    spec: {
      devices: { requests: [{ name: "out", exactly: { deviceClassName: "egress.fairway.dev" } }] },
    },
  });
  const podUid = await m.object("cart");
  const results = [
    { request: "out", driver: "fairway.dev", pool: "node1", device: "egress-uplink" },
  ];
  const matchFields = [{ key: "metadata.name", operator: "In", values: ["node1"] }];
  const status = {
    allocation: { devices: { results }, nodeSelector: { nodeSelectorTerms: [{ matchFields }] } },
    reservedFor: [{ resource: "pods", name: "cart", uid: podUid }],
  };
  await server.kubectl(
    ...["patch", "resourceclaim", "net", "--subresource=status", "--type=merge"],
    ...["-p", JSON.stringify({ status })],
  );
  const { metadata } = await server.get<{ metadata: { uid: string } }>("resourceclaim", "net");
  {
    using ledger = openLedger({ dir: m.node.dataDir, bootId: bootId() });
    const part = { claimUid: metadata.uid, claimNamespace: "default", podUid, shareId: null };
    const share = claimShare({ ...part, uplink: "uplink", device: "egress-uplink" });
    ledger.exclusively(() => ledger.recordClaim(metadata.uid, [share]));
  }
  m.attach("cart", podUid);
  expect(m.promised("cart").egress).toBe(100e6);
  await using agent = await m.agent(["--dra"]);
  interface Claim {
    metadata: { resourceVersion: string };
    status: { devices?: { networkData: object; conditions: { message: string }[] }[] };
  }
  const found = (): Promise<Claim> => server.get("resourceclaim", "net");
  await server
    .until("the claim says it", async () => (await found()).status.devices !== undefined)
    .catch((error: unknown) => {
      throw new Error(agent.log(), { cause: error });
    });
  const said = await found();
  expect(said.status.devices).toMatchObject([
    {
      networkData: { interfaceName: "eth0", ips: ["198.19.1.2/24"] },
      conditions: [{ message: "egress 100M of 100M guaranteed" }],
    },
  ]);
  // It is said once.
  await Bun.sleep(3_000);
  expect((await found()).metadata.resourceVersion).toBe(said.metadata.resourceVersion);
  expect(agent.log()).not.toContain("cannot be written");
});
