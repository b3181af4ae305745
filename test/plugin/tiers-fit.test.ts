import { expect, test } from "bun:test";
import { withNode } from "../support/node.ts";

test("a tier that is more than the node has is an error of STATUS and explain, before a pod asks", () =>
  withNode(
    (node) => {
      const words =
        "tiers.huge.egressGuarantee: 381M is more than this node can promise to a pod that is alone: 380M of a capacity of 400M, with a reserve of 20M";
      const pod = node.pod("a");
      const status = node.verb("STATUS", pod, { config: { cniVersion: "1.1.0" } });
      expect(status.json).toMatchObject({ code: 50, msg: words });
      // Pods of other tiers come and go.
      const added = node.verb("ADD", pod, { annotations: { "fairway.dev/tier": "small" } });
      expect(added.code).toBe(0);
      const explain = (tier: string) =>
        node.fairway(
          "explain",
          "--netns",
          node.pod(tier).netns,
          "--annotation",
          `fairway.dev/tier=${tier}`,
        );
      const other = explain("small");
      expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining(words) });
      expect(other.stdout).toContain("guarantee 1Mbit/s");
      expect(explain("huge")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(
          "an egress guarantee of 381M (tier huge), and 379M is free",
        ),
      });
    },
    { tiers: { huge: { egressGuarantee: "381M" }, small: { egressGuarantee: "1M" } } },
  ));
