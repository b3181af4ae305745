/** The round trip of a pod, and of a node, on this kernel. */
import assert from "node:assert/strict";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { withNode } from "../support/node.ts";
import type { Suite } from "./suite.ts";

const promise = {
  "fairway.dev/egress-guarantee": "50M",
  "fairway.dev/ingress-guarantee": "20M",
  "fairway.dev/latency-target": "5ms",
};

export const base: Suite = (test) =>
  withNode(
    async (node) => {
      const [a, b] = [node.pod("a"), node.pod("b")];
      let result: Record<string, unknown> = {};
      let other: Record<string, unknown> = {};
      await test("ADD of two pods; CHECK, explain and status find nothing to do", () => {
        result = node.add(a, { annotations: promise });
        other = node.add(b);
        assert.equal(node.check(a, result).stdout, "");
        assert.equal(node.check(b, other).stdout, "");
        assert.match(node.fairway("explain").stdout, /nothing to do/);
        assert.equal(node.fairway("status").code, 0);
      });
      await test("both pods reach each other and the wire", () => {
        for (const [from, to] of [
          [a, "198.19.1.3"],
          [b, addresses.remote],
          [a, addresses.remote],
        ] as const) {
          const pinged = inNamespace(from.namespace, ["ping", "-c", "2", "-W", "5", to]);
          assert.equal(pinged.code, 0, pinged.stdout + pinged.stderr);
        }
      });
      await test("a node that lost all of it is repaired to what it was", () => {
        const state = () => [dumpNode(node.lab.node), dumpPod(a.namespace), dumpPod(b.namespace)];
        const before = state();
        node.run("ip", "link", "del", "dev", "fw0");
        node.run("tc", "qdisc", "del", "dev", "uplink", "root");
        node.run("nft", "flush", "ruleset");
        assert.equal(node.check(a, result).json.code, 109);
        assert.equal(node.fairway("explain").code, 3);
        const repaired = node.fairway("repair");
        assert.equal(repaired.code, 0, repaired.stderr);
        assert.deepEqual(state(), before);
        assert.equal(node.check(a, result).stdout, "");
      });
      await test("DEL of both leaves the base, and nothing of them", () => {
        node.del(a);
        node.del(b);
        node.del(b);
        assert.match(node.fairway("explain").stdout, /nothing to do/);
        assert.doesNotMatch(node.run("ip", "link", "show"), /fwv/);
        assert.doesNotMatch(node.run("tc", "class", "show", "dev", "uplink"), /fa01:1[0-9a-f]/);
        assert.doesNotMatch(node.run("nft", "list", "ruleset"), /198\.19\.1\.[23]/);
      });
    },
    { ipMasq: true },
  );
