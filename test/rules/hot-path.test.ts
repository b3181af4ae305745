/**
 * What a verb loads is what every pod waits for: the verbs' own code and no package. The log's package
 * comes where steps are told, after the answer.
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
const elsewhere = /^src\/(agent|ops|lab|cri|grpc|measure)\//;

test("no verb loads a package, or the operator's commands", () =>
  withBundle({}, (bundle) =>
    withNode(async (node) => {
      const pod = node.pod("p");
      // A line for each verb, as by default.
      node.config.logLevel = "info";
      const added = evaluatedBy(bundle, node, "ADD", pod);
      const prevResult = JSON.parse(added.answer) as unknown;
      const verbs = {
        ADD: added,
        CHECK: evaluatedBy(bundle, node, "CHECK", pod, { prevResult }),
        DEL: evaluatedBy(bundle, node, "DEL", pod, { prevResult }),
        STATUS: evaluatedBy(bundle, node, "STATUS", pod, { cniVersion: "1.1.0" }),
        VERSION: evaluatedBy(bundle, node, "VERSION", pod),
      };
      for (const [verb, { before, after }] of Object.entries(verbs)) {
        expect(before, verb).toContain("src/cni/main.ts");
        expect(packagesOf([...before, ...after]), verb).toEqual([]);
        const strange = [...before, ...after].filter((path) => elsewhere.test(path));
        expect(strange, verb).toEqual([]);
      }
      const ofAdd = ["src/cni/add.ts", "src/node/verbs/attach.ts", "src/config/parse.ts"];
      expect(verbs.ADD.before).toEqual(expect.arrayContaining(ofAdd));
      expect(verbs.DEL.before.filter((path) => ofAdd.includes(path))).toEqual([]);
      const told = evaluatedBy(bundle, node, "ADD", node.pod("q"), { logLevel: "debug" });
      expect(packagesOf(told.before)).toEqual([]);
      expect(packagesOf(told.after)).toContain("pino");
      // Whose the names are that the base wants is asked by who makes one, who makes the tables as well.
      const ofBase = ["src/node/reconcile/taken-places.ts", "src/kernel/write/rules/script.ts"];
      expect(verbs.ADD.before).toEqual(expect.arrayContaining(ofBase));
      expect(told.before.filter((path) => ofBase.includes(path))).toEqual([]);
    }),
  ));

test("an import at the top of a module, a require there and one in a verb's way are all noticed", () =>
  withBundle(
    {
      "src/cni/main.ts": 'import "commander";',
      "src/node/facts/open.ts": 'require("execa");',
      "src/config/parse.ts": 'import pino from "pino"; globalThis.used = pino;',
    },
    (bundle) =>
      withNode((node) => {
        const { before } = evaluatedBy(bundle, node, "ADD", node.pod("p"));
        expect(packagesOf(before)).toEqual(expect.arrayContaining(["commander", "execa", "pino"]));
      }),
  ));
