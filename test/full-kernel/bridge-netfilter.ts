/** br_netfilter: a stock kernel has it as a module, and nothing loads it by itself. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { must } from "../../src/prove/lab/run.ts";
import { withNode } from "../support/node.ts";
import { dumpLinks } from "./look.ts";
import type { Suite } from "./suite.ts";

const sysctl = "/proc/sys/net/bridge/bridge-nf-call-iptables";

export const bridgeNetfilter: Suite = (test) =>
  withNode(async (node) => {
    const pod = node.pod("a");
    await test("without it an ADD is refused, names the module, and leaves nothing", () => {
      assert.equal(existsSync(sysctl), false, "the module is loaded already");
      const before = dumpLinks(node, pod);
      const added = node.verb("ADD", pod);
      assert.equal(added.json.code, 106, added.stdout);
      assert.match(String(added.json.msg), /bridge-nf-call-iptables/);
      assert.match(String(added.json.details), /modprobe br_netfilter/);
      assert.equal(dumpLinks(node, pod), before);
    });
    await test("loaded, the same ADD goes through", () => {
      must(["modprobe", "br_netfilter"]);
      const result = node.add(pod);
      assert.equal(node.check(pod, result).stdout, "");
    });
  });
