/**
 * What a verb loads before it answers is what every pod waits for: the verbs' own code and no package.
 * The log's package comes after the answer.
 */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildTelling, evaluatedBy, packagesOf, type Tampering } from "../support/evaluated.ts";
import { withNode } from "../support/node.ts";

async function withBundle(
  tampering: Tampering,
  use: (bundle: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "fairway-test-"));
  try {
    await use(await buildTelling(folder, tampering));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The operator's, and other worlds: no verb needs them. */
const elsewhere = /^src\/(ops|lab|cri|measure)\//;

test("no verb loads a package before its answer, or the operator's commands at all", () =>
  withBundle({}, (bundle) =>
    withNode(async (node) => {
      const pod = node.pod("p");
      const added = evaluatedBy(bundle, node, "ADD", pod);
      const prevResult = JSON.parse(added.answer) as unknown;
      const verbs = {
        ADD: added,
        CHECK: evaluatedBy(bundle, node, "CHECK", pod, { prevResult }),
        DEL: evaluatedBy(bundle, node, "DEL", pod, { prevResult }),
        STATUS: evaluatedBy(bundle, node, "STATUS", pod, { cniVersion: "1.1.0" }),
        VERSION: evaluatedBy(bundle, node, "VERSION", pod),
      };
      const ofLog = packagesOf(added.after);
      expect(ofLog).toContain("pino");
      for (const [verb, { before, after, answer }] of Object.entries(verbs)) {
        expect(before, verb).toContain("src/cni/verbs.ts");
        // What answers nothing has no moment of the answer: all of it counts as before.
        const allowed = answer === "" ? ofLog : [];
        expect(packagesOf(before), verb).toEqual(allowed);
        const strange = [...before, ...after].filter((path) => elsewhere.test(path));
        expect(strange, verb).toEqual([]);
      }
    }),
  ));

test("an import at the top of a module, a require there and one in a verb's way are all noticed", () =>
  withBundle(
    {
      "src/cni/verbs.ts": 'import "commander";',
      "src/node/open.ts": 'require("execa");',
      "src/config/parse.ts": 'import pino from "pino"; globalThis.used = pino;',
    },
    (bundle) =>
      withNode((node) => {
        const { before } = evaluatedBy(bundle, node, "VERSION", node.pod("p"));
        expect(packagesOf(before)).toEqual(expect.arrayContaining(["commander", "execa", "pino"]));
      }),
  ));
