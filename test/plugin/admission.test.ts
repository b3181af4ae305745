/** Admission of the whole plugin: of 400M a reserve of 20M is kept, 380M is for guarantees. */
import { expect, test } from "bun:test";
import { type Ended, type Pod, type TestNode, withNode } from "../support/node.ts";

/** All of `pods`, ten at once. */
async function atOnce(
  node: TestNode,
  pods: Pod[],
  annotations: Record<string, string>,
): Promise<{ pod: Pod; ended: Ended }[]> {
  const waiting = [...pods];
  const done: { pod: Pod; ended: Ended }[] = [];
  const worker = async (): Promise<void> => {
    for (let pod = waiting.shift(); pod !== undefined; pod = waiting.shift())
      done.push({ pod, ended: await node.start("ADD", pod, { annotations }) });
  };
  await Promise.all(Array.from({ length: 10 }, worker));
  return done;
}

const classes = (node: TestNode, dev: string): number =>
  node.run("tc", "class", "show", "dev", dev).match(/class htb fa01:[1-9a-f][0-9a-f]+ /g)?.length ??
  0;

test.each(["egress", "ingress"])(
  "of 20 pods that ask at once for an %s guarantee, exactly as many are admitted as fit",
  (direction) =>
    withNode(async (node) => {
      const annotations = { [`fairway.dev/${direction}-guarantee`]: "38M" };
      const pods = Array.from({ length: 20 }, (_, i) => node.pod(`p${i}`));
      const done = await atOnce(node, pods, annotations);
      const admitted = done.filter(({ ended }) => ended.code === 0);
      const refused = done.filter(({ ended }) => ended.code !== 0);
      expect(admitted).toHaveLength(10);
      for (const { ended } of refused)
        expect(ended.json).toMatchObject({
          code: 100,
          msg: expect.stringContaining(`asks for an ${direction} guarantee of 38M, and 0 is free`),
        });
      for (const dev of ["uplink", "fw0"]) expect(classes(node, dev)).toBe(10);
      expect(node.fairway("explain").stdout).toContain("nothing to do");
      // What one gives back, exactly one other gets.
      const [first] = admitted;
      if (first === undefined) throw new Error("nobody was admitted");
      node.del(first.pod);
      const again = await atOnce(
        node,
        refused.map(({ pod }) => pod),
        annotations,
      );
      expect(again.filter(({ ended }) => ended.code === 0)).toHaveLength(1);
      expect(classes(node, "uplink")).toBe(10);
      expect(node.fairway("status").code).toBe(0);
    }),
  120_000,
);
