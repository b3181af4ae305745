import { afterEach, beforeEach, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { openLedger, openLedgerReadonly } from "../../src/ledger/ledger.ts";
import { attachment, bootId, networkBase, olderLedger, tempFolder } from "./fixtures/samples.ts";

let dir: string;
beforeEach(() => {
  dir = tempFolder();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("what a chained pod's interface was like is kept, and of others nothing", () => {
  const ledger = openLedger({ dir, bootId });
  const [own, other] = [
    attachment(1),
    attachment(2, { chained: { formerGsoMaxBytes: 65_536, txQueueLength: 0 } }),
  ];
  ledger.exclusively(() => {
    ledger.attachments.insert(own);
    ledger.attachments.insert(other);
  });
  expect(ledger.attachments.find(own)?.chained).toBeUndefined();
  expect(ledger.attachments.find(other)?.chained).toEqual({
    formerGsoMaxBytes: 65_536,
    txQueueLength: 0,
  });
  ledger.close();
});

test("a ledger from before is brought up: its bridges were Fairway's own", () => {
  const { ingress: _, ...former } = { ...networkBase("pods"), bridge: "br7" };
  olderLedger(`${dir}/ledger.db`, 2, [attachment(1)], former);
  const view = openLedgerReadonly({ dir, bootId });
  expect(view?.network("pods")?.base).toEqual({
    ...networkBase("pods"),
    ingress: { kind: "bridge", name: "br7", owned: true },
  });
  expect(view?.attachments.all()).toHaveLength(1);
  view?.close();
});
