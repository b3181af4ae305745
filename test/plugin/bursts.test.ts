/** Bursts as people write them reach the kernel, and are what CHECK compares. */
import { expect, test } from "bun:test";
import { withNode } from "../support/node.ts";

const tiers = { steady: { egressGuarantee: "80M", egressLimit: "100M", egressBurst: "8ms" } };

test.each<[string, Record<string, string>, "uplink" | "fw0", string]>([
  [
    "a tier's, as a time of its limit",
    { "fairway.dev/tier": "steady" },
    "uplink",
    "cburst 100000b",
  ],
  [
    "of the pod's own limit, from the tier",
    { "fairway.dev/tier": "steady", "kubernetes.io/egress-bandwidth": "90M" },
    "uplink",
    "cburst 90000b",
  ],
  [
    "as a time of the guarantee",
    { "fairway.dev/ingress-guarantee": "100M", "fairway.dev/ingress-burst": "16ms" },
    "fw0",
    "burst 200000b",
  ],
  [
    "in bytes",
    { "fairway.dev/egress-limit": "100M", "fairway.dev/egress-burst": "75k" },
    "uplink",
    "cburst 75000b",
  ],
  [
    "the largest that there is",
    { "fairway.dev/egress-limit": "8k", "fairway.dev/egress-burst": "274877" },
    "uplink",
    "cburst 274877b",
  ],
])("a burst %s", (_, annotations, dev, shown) =>
  withNode(
    (node) => {
      const pod = node.pod("a");
      const result = node.add(pod, { annotations });
      const text = node.run("tc", "-r", "class", "show", "dev", dev, "classid", "fa01:10");
      // tc prints bytes that it makes of a time, so the last digit may differ by rounding.
      const [, word, bytes] = /^(\w+) (\d+)b$/.exec(shown) ?? [];
      const found = Number(new RegExp(` ${word} (\\d+)b`).exec(text)?.[1]);
      expect({ text, off: Math.abs(found - Number(bytes)) < 50 }).toEqual({ text, off: true });
      expect(node.check(pod, result, { annotations })).toMatchObject({ code: 0, stdout: "" });
    },
    { tiers },
  ),
);

test("a burst that the kernel cannot hold is refused, with the largest", () =>
  withNode((node) => {
    const annotations = { "fairway.dev/egress-limit": "8k", "fairway.dev/egress-burst": "300s" };
    const refused = node.verb("ADD", node.pod("a"), { annotations });
    expect(refused.json).toMatchObject({
      code: 7,
      msg: expect.stringContaining("fairway.dev/egress-burst: 300s"),
      details: expect.stringContaining('"274877" bytes'),
    });
  }));
