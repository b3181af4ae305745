/** More verbs at once than ever come: each is done, by the agent or by a process of its own. */
import { expect, test } from "bun:test";
import { attachmentNames } from "../support/gone.ts";
import { withLaunched } from "../support/launched-node.ts";

const many = 500;

test(
  "500 ADDs at once, and then 500 DELs: none fails",
  () =>
    withLaunched(
      async (launched) => {
        const { node, verb } = launched;
        const names = Array.from({ length: many }, (_, n) => `m${n}`);
        const pods = names.map((name) => node.pod(name));
        // The base is there: the agent makes it before the first pod comes, where it knows of it.
        expect((await verb("ADD", node.pod("first"))).code).toBe(0);
        const all = async (name: string) =>
          (await Promise.all(pods.map((pod) => verb(name, pod)))).filter(({ code }) => code !== 0);
        expect(await all("ADD")).toEqual([]);
        expect(attachmentNames(node).length).toBe(many + 1);
        expect(await all("DEL")).toEqual([]);
        expect(attachmentNames(node)).toEqual(["pods/first/eth0"]);
        expect(node.fairway("explain").stdout).toContain("nothing to do");
      },
      { config: { ipam: { subnet: "198.19.16.0/20" } }, build: "shipped" },
    ),
  300_000,
);
