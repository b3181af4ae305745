/** From the slowest link to the fastest: what the kernel says right after an ADD is what was asked. */
import { expect, test } from "bun:test";
import { withNode } from "../support/node.ts";

const promises: [string, Record<string, string>][] = [
  ["best effort", {}],
  ["the smallest guarantee", { "fairway.dev/egress-guarantee": "8k" }],
  ["the smallest limit", { "kubernetes.io/egress-bandwidth": "8k" }],
  [
    "a small guarantee, a large limit",
    { "fairway.dev/egress-guarantee": "10k", "kubernetes.io/egress-bandwidth": "1G" },
  ],
  ["a guarantee in odd bits", { "fairway.dev/ingress-guarantee": "1234567" }],
  [
    "a latency target",
    { "fairway.dev/egress-guarantee": "1M", "fairway.dev/latency-target": "100ms" },
  ],
];

test.each(["10M", "100M", "1G", "10G", "100G", "1T"])(
  "CHECK passes after ADD on %s, whatever the promise",
  (capacity) =>
    withNode(
      (node) => {
        for (const [title, annotations] of promises) {
          const pod = node.pod(title.replaceAll(/\W/g, "-").slice(0, 20));
          const result = node.add(pod, { annotations });
          const checked = node.check(pod, result, { annotations });
          expect({ title, code: checked.code, told: checked.stdout }).toEqual({
            title,
            code: 0,
            told: "",
          });
        }
        expect(node.fairway("explain").stdout).toContain("nothing to do");
      },
      {
        uplink: {
          name: "uplink",
          egressCapacity: capacity,
          ingressCapacity: capacity,
          gsoMaxSize: 9000,
        },
      },
    ),
);
