/** A burst that an older version chose for a latency target is not what the pod asked for. */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import fs from "node:fs";
import { openLedger } from "../../src/ledger/ledger.ts";
import { schemaVersion } from "../../src/ledger/schema.ts";
import type { PodAsks, PodPromise } from "../../src/plan/node.ts";
import { attachment, bootId, networkBase, olderLedger, tempFolder } from "./fixtures/samples.ts";

/** The last that kept them. */
const olderSchema = 5;

let dir: string;
beforeEach(() => {
  dir = tempFolder();
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

const like = attachment(0);
const egress = { guaranteeBits: 300e6, limitBits: 300e6, burstBytes: 187_500 };
const asked: PodPromise = { ...like.promise, egress, tier: "plain" };
const nothing: PodAsks = { annotations: {}, bandwidth: null, overrides: null };
const burst = { "fairway.dev/egress-burst": "187500" };

test.each<[string, Partial<PodPromise>, Partial<PodAsks>, number | null]>([
  ["chosen", {}, {}, null],
  ["chosen, with other words of the pod's", {}, { annotations: { "fairway.dev/tier": "x" } }, null],
  ["of an annotation", {}, { annotations: burst }, 187_500],
  ["of `fairway set`", {}, { overrides: burst }, 187_500],
  ["of the runtime", {}, { bandwidth: { egressBurstBits: 1_500_000 } }, 187_500],
  ["of the tier", { tier: "bursty" }, {}, 187_500],
  ["chosen, with a tier that there is not any more", { tier: "gone" }, {}, null],
  ["without a target", { latencyTargetUs: null }, {}, 187_500],
  ["there was none", { egress: { ...egress, burstBytes: null } }, {}, null],
])("%s", (_, promise, asks, kept) => {
  expect(schemaVersion).toBeGreaterThan(olderSchema);
  const row = attachment(1, { promise: { ...asked, ...promise }, asks: { ...nothing, ...asks } });
  const file = `${dir}/ledger.db`;
  olderLedger(file, olderSchema, [row], networkBase("pods"));
  const db = new Database(file);
  const config = { tiers: { plain: {}, bursty: { egressBurst: "187500" } } };
  db.run("UPDATE networks SET config = ?", [JSON.stringify(config)]);
  db.close();
  const ledger = openLedger({ dir, bootId });
  const [now] = ledger.attachments.all();
  expect(now?.promise).toEqual({
    ...row.promise,
    egress: { ...row.promise.egress, burstBytes: kept },
  });
  expect(ledger.attachments.promised().egress.guaranteedBits).toBe(300e6);
  ledger.close();
});
