/** Pods as a kubelet makes them: CRI to a real containerd, which calls the plugin. Run by scripts/test-e2e. */
import { describe, expect, test } from "bun:test";
import { releases } from "../support/containerd/releases.ts";
import { GrpcError } from "../support/cri/grpc.ts";
import { until } from "../support/until.ts";
import { type Cluster, usedNode, withCluster } from "./setup.ts";

const annotationsKey = "io.kubernetes.cri.pod-annotations";
const promise = {
  "fairway.dev/egress-guarantee": "100M",
  "fairway.dev/ingress-guarantee": "50M",
  "fairway.dev/egress-limit": "200M",
};

async function refusal(work: Promise<unknown>): Promise<GrpcError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof GrpcError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

const runtimeConfigOf = (cluster: Cluster, id: string): unknown =>
  cluster.calls(id).find((call) => call.verb === "ADD")?.config.runtimeConfig;

const verbsOf = (cluster: Cluster, id?: string): string[] =>
  cluster.calls(id).map((call) => call.verb);

for (const release of releases) {
  const node = (title: string, use: (cluster: Cluster) => Promise<void>): void =>
    test.skipIf(!release.present)(title, () => withCluster(release, use));

  describe(release.title, () => {
    node("an annotated pod gets its promise, and its address comes back", async (cluster) => {
      const { cri } = cluster;
      const { name, version } = await cri.version();
      console.log(`  ${name} ${version}`);
      const { conditions } = await cri.status();
      expect(conditions).toContainEqual(
        expect.objectContaining({ type: "NetworkReady", status: true }),
      );
      const id = await cluster.run("a", promise);
      expect(await cri.podSandboxStatus(id)).toEqual({
        id,
        ready: true,
        addresses: ["198.19.1.2"],
      });
      expect(cluster.inPod(id, "ip", "-o", "address", "show", "dev", "eth0").stdout).toContain(
        "198.19.1.2/24",
      );
      expect(cluster.inPod(id, "ping", "-c", "1", "-W", "5", "198.18.0.2")).toMatchObject({
        code: 0,
      });
      expect(cluster.podClasses("uplink")).toEqual([
        expect.stringContaining("rate 100Mbit ceil 200Mbit"),
      ]);
      expect(cluster.podClasses("fw0")).toEqual([expect.stringContaining("rate 50Mbit")]);
      const shown = cluster.fairway("status", "--no-measure").stdout;
      expect(shown).toContain("shop/a");
      expect(verbsOf(cluster, id)).toEqual(["ADD"]);
    });

    node("stopped twice and removed: every DEL succeeds and nothing is left", async (cluster) => {
      const before = await usedNode(cluster);
      const id = await cluster.run("a", promise);
      await cluster.end(id);
      const [added, ...deleted] = cluster.calls(id);
      expect(added?.verb).toBe("ADD");
      expect(deleted.map((call) => call.verb)).toEqual(["DEL", "DEL", "DEL"]);
      // The first has the namespace; then the runtime has closed it.
      expect(deleted.map((call) => call.netns)).toEqual([added?.netns ?? "", "", ""]);
      await cluster.expectNothingLeft(before);
    });

    node("annotations arrive only where the conflist declares the capability", async (cluster) => {
      const { runtime } = cluster;
      const bandwidth = { "kubernetes.io/egress-bandwidth": "80M" };
      const both = await cluster.run("both", { ...promise, ...bandwidth });
      expect(runtimeConfigOf(cluster, both)).toMatchObject({
        [annotationsKey]: { ...promise, ...bandwidth },
        bandwidth: { EgressRate: 80_000_000 },
      });
      const none = await cluster.run("none");
      expect(runtimeConfigOf(cluster, none)).toMatchObject({ [annotationsKey]: null });

      await runtime.configure(cluster.conflist({ capabilities: { bandwidth: true } }));
      const capped = await cluster.run("capped", { ...promise, ...bandwidth });
      expect(runtimeConfigOf(cluster, capped)).toEqual({
        bandwidth: expect.objectContaining({ EgressRate: 80_000_000 }),
      });
      await runtime.configure(cluster.conflist({ capabilities: {} }));
      const bare = await cluster.run("bare", { ...promise, ...bandwidth });
      expect(runtimeConfigOf(cluster, bare)).toBeUndefined();

      expect(
        cluster
          .podClasses("uplink")
          .map((line) => line.replace(/.*(rate \S+ ceil \S+) .*/, "$1"))
          .sort(),
      ).toEqual([
        "rate 100Mbit ceil 200Mbit",
        // Without a limit: above the tree's rate, which holds the sum.
        "rate 8Kbit ceil 800Mbit",
        "rate 8Kbit ceil 800Mbit",
        "rate 8Kbit ceil 80Mbit",
      ]);
    });

    node("a namespace that vanished before the stop", async (cluster) => {
      const before = await usedNode(cluster);
      const id = await cluster.run("a", promise);
      const netns = cluster.calls(id)[0]?.netns ?? "";
      const { host } = cluster.runtime;
      expect(host.run(["umount", "-l", netns])).toMatchObject({ code: 0 });
      expect(host.run(["rm", netns])).toMatchObject({ code: 0 });
      await cluster.end(id);
      await cluster.expectNothingLeft(before);
    });

    for (const signal of ["TERM", "KILL"] as const)
      node(
        `restarted by SIG${signal} with live pods: they keep address and promise`,
        async (cluster) => {
          const { cri, runtime } = cluster;
          const before = await usedNode(cluster);
          const addressOf = async (id: string) => (await cri.podSandboxStatus(id)).addresses;
          const ids = [await cluster.run("a", promise), await cluster.run("b")];
          const addresses = await Promise.all(ids.map(addressOf));
          const living = cluster.dump();
          await runtime.restart(signal);
          expect((await cri.listPodSandbox()).map((pod) => pod.ready)).toEqual([true, true]);
          expect(await Promise.all(ids.map(addressOf))).toEqual(addresses);
          expect(cluster.dump()).toBe(living);
          expect(cluster.fairway("explain").stdout).toContain("nothing to do");
          const third = await cluster.run("c");
          expect(addresses).not.toContainEqual(await addressOf(third));
          for (const id of [...ids, third]) await cluster.end(id);
          await cluster.expectNothingLeft(before);
        },
      );

    const refusals: [title: string, annotations: Record<string, string>, words: string[]][] = [
      [
        "a promise that does not fit",
        { "fairway.dev/egress-guarantee": "900M" },
        [
          "asks for an egress guarantee of 900M, and 380M is free: capacity 400M, reserve 20M",
          "raise uplink.egressCapacity if the link can do more",
        ],
      ],
      [
        "an annotation that is misspelt",
        { "fairway.dev/egress-garantee": "1M" },
        [
          "fairway.dev/egress-garantee: unknown annotation",
          'Did you mean "fairway.dev/egress-guarantee"?',
        ],
      ],
    ];
    for (const [title, annotations, words] of refusals)
      node(
        `${title}: the caller reads why, nothing is left, and the pod can come again`,
        async (cluster) => {
          const before = await usedNode(cluster);
          const error = await refusal(cluster.run("a", annotations));
          console.log(`  the caller reads: ${error.message}`);
          for (const part of words) expect(error.message).toContain(part);
          await cluster.expectNothingLeft(before);
          const failed = cluster.calls().at(-1)?.containerId;
          expect(verbsOf(cluster, failed)).toEqual(["ADD", "DEL"]);
          const id = await cluster.run("a", promise);
          expect((await cluster.cri.podSandboxStatus(id)).ready).toBe(true);
        },
      );

    node("an ADD that fails, and its DEL as well: the ADD itself left nothing", async (cluster) => {
      const before = await usedNode(cluster);
      cluster.fail("DEL");
      await refusal(cluster.run("a", { "fairway.dev/egress-guarantee": "900M" }));
      expect(cluster.fairway("status", "--no-measure", "--json").stdout).not.toContain("shop/a");
      expect(cluster.dump()).toBe(before);
    });

    node("thirty pods at once, and their end at once", async (cluster) => {
      const before = await usedNode(cluster);
      const names = Array.from({ length: 30 }, (_, index) => `p${index}`);
      const annotations = { "fairway.dev/egress-guarantee": "10M" };
      const ids = await Promise.all(names.map((name) => cluster.run(name, annotations)));
      const statuses = await Promise.all(ids.map((id) => cluster.cri.podSandboxStatus(id)));
      const addresses = statuses.flatMap((status) => status.addresses);
      expect(new Set(addresses).size).toBe(30);
      expect(
        cluster.podClasses("uplink").filter((line) => line.includes("rate 10Mbit")),
      ).toHaveLength(30);
      expect(cluster.podClasses("fw0")).toHaveLength(30);
      expect(cluster.fairway("explain").stdout).toContain("nothing to do");
      await Promise.all(ids.map((id) => cluster.end(id)));
      await cluster.expectNothingLeft(before);
    });

    node("thirty pods at once where nineteen fit", async (cluster) => {
      const before = await usedNode(cluster);
      const names = Array.from({ length: 30 }, (_, index) => `p${index}`);
      // 380M is to be had, and nobody's guarantee may come from another's.
      const annotations = { "fairway.dev/egress-guarantee": "20M" };
      const ended = await Promise.allSettled(names.map((name) => cluster.run(name, annotations)));
      const ids = ended.flatMap((e) => (e.status === "fulfilled" ? [e.value] : []));
      const refused = ended.flatMap((e) => (e.status === "rejected" ? [String(e.reason)] : []));
      expect(ids).toHaveLength(19);
      for (const message of refused)
        expect(message).toContain("asks for an egress guarantee of 20M, and 0 is free");
      expect(cluster.podClasses("uplink")).toHaveLength(19);
      await Promise.all(ids.map((id) => cluster.end(id)));
      await cluster.expectNothingLeft(before);
    });

    node(
      release.asksStatus
        ? "a node that cannot take pods: NetworkReady is false, in our words"
        : "a node that cannot take pods: this runtime does not ask, and the ADD says why",
      async (cluster) => {
        const { cri } = cluster;
        const networkReady = async () =>
          (await cri.status()).conditions.find((condition) => condition.type === "NetworkReady");
        expect(await networkReady()).toMatchObject({ status: true });
        cluster.onNode("tc", "qdisc", "replace", "dev", "uplink", "root", "handle", "7:", "htb");
        const words = "the root qdisc of uplink is htb 7:";
        const condition = await networkReady();
        console.log(`  NetworkReady is ${condition?.status} ${condition?.message}`);
        expect(condition).toMatchObject(
          release.asksStatus
            ? { status: false, message: expect.stringContaining(words) }
            : { status: true },
        );
        expect((await refusal(cluster.run("a"))).message).toContain(words);
        cluster.onNode("tc", "qdisc", "del", "dev", "uplink", "root");
        expect(await networkReady()).toMatchObject({ status: true });
        await cluster.run("a");
        const statusCalls = verbsOf(cluster).filter((verb) => verb === "STATUS");
        expect(statusCalls.length > 0).toBe(release.asksStatus);
      },
    );

    node(
      "a caller that gives up in the middle leaves what the runtime can finish",
      async (cluster) => {
        const before = await usedNode(cluster);
        // From before the runtime has a namespace to after the plugin has ended.
        const limitsMs = [20, 40, 60, 80, 100, 130, 160, 200, 250, 300];
        for (const limitMs of limitsMs)
          try {
            await cluster.run(`a${limitMs}`, promise, limitMs);
          } catch (error) {
            expect(error).toBeInstanceOf(GrpcError);
          }
        // The caller is gone while the runtime is still cleaning up.
        const ended = /RunPodSandbox for .*Name:a\d+,.*(failed, error|returns sandbox id)/;
        await until(
          "every call has ended",
          () => cluster.runtime.log().filter((l) => ended.test(l)).length === limitsMs.length,
        );
        await Promise.all((await cluster.cri.listPodSandbox()).map(({ id }) => cluster.end(id)));
        await cluster.expectNothingLeft(before);
      },
    );

    node("neither CHECK nor GC is ever asked for", async (cluster) => {
      await usedNode(cluster);
      const id = await cluster.run("a");
      await cluster.runtime.restart("TERM");
      await cluster.end(id);
      const verbs = new Set(verbsOf(cluster));
      verbs.delete("STATUS");
      expect([...verbs].sort()).toEqual(["ADD", "DEL"]);
    });
  });
}
