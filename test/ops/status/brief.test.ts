import { describe, expect, test } from "bun:test";
import { bar, renderBrief } from "../../../src/ops/status/brief.ts";
import { classRows, type SortKey, sorted } from "../../../src/ops/status/class-rows.ts";
import type { NodeStatus } from "../../../src/ops/status/model.ts";
import { wantsColour } from "../../../src/ops/status/render.ts";
import { widthOf } from "../../../src/ops/status/text-table.ts";
import { renderWide } from "../../../src/ops/status/wide.ts";
import { samplePod, sampleStatus } from "./sample-status.ts";

const web = samplePod(
  "shop/web-6d4b75cb6d-with-a-rather-long-name-hx2p7",
  { guaranteeBits: 1e8, rateBits: 2.5e8, state: "kept", queueDelayUs: 5120 },
  { latencyTargetUs: 10_000, ingress: { rateBits: 5.03e6 } },
);
const db = samplePod("shop/db-0", { guaranteeBits: 16e7, state: "noDemand" });
const low = samplePod("shop/zz", { guaranteeBits: 1e8, rateBits: 3e7, state: "below" });
const gone = samplePod("shop/missing", { guaranteeBits: 1e8, missing: true });
const batch = samplePod("batch/job", { rateBits: 1.5e8, queueDelayUs: null });
const wide = samplePod("shop/値値値値値値値値値値値値値値値", {
  guaranteeBits: 1e6,
  state: "kept",
});
const all = sampleStatus([web, db, low, gone, batch, wide], {
  drift: ["class fa01:10 on uplink is missing, and much more is said of that than fits in a line"],
});

const brief = (status: NodeStatus, columns: number | null, colour = false): string =>
  renderBrief(status, { columns, colour, sort: "trouble" });

describe.each([1, 2, 5, 20, 40, 60, 80, 120])("in %d columns", (columns) => {
  test.each([false, true])("no line is longer, with colour: %p", (colour) => {
    const widths = brief(all, columns, colour).split("\n").map(widthOf);
    // A wide character is as narrow as it gets.
    expect(Math.max(...widths)).toBeLessThanOrEqual(Math.max(columns, 2));
  });
});

test.each([20, 40, 60, 80, 120, null])("in %p columns every number is whole", (columns) => {
  const text = brief(all, columns);
  for (const numbers of ["250 / 100", "30 / 100", "0 / 160", "150 / -"])
    expect(text).toContain(numbers);
});

test("at 80 columns: the sentence, the trees, the table", () => {
  const text = brief(sampleStatus([web, db, low, batch]), 80);
  expect(text).toBe(`\
NOT KEPT: 1 of 3 guarantees in 1 s. shop/zz egress: BELOW for 40% of 1 s of
demand.
egress (eth0): 400 Mbit/s capacity, 260 promised to pods, 20 in reserve

VERDICT      POD                          MBIT/S                   DELAY
BELOW 40%    shop/zz             egress   30 / 100   [###-------]  0 / -
best effort  batch/job           egress   150 / -                  no end / -
no demand    shop/db-0           egress   0 / 160    [----------]  0 / -
kept         shop/web-…me-hx2p7  egress   250 / 100  [#########>]  5.12ms / 10ms
best effort  shop/web-…me-hx2p7  ingress  5.03 / -                 0 / -

MBIT/S: sent / guaranteed, as Ethernet frames. DELAY: mean wait in the queue of
the class / latency target. More: --wide, --json.
`);
});

test("a name is whole where it goes into a pipe", () => {
  expect(brief(all, null)).toContain(` ${web.pod} `);
  expect(brief(all, null)).toContain(`  ${all.drift[0]}\n`);
});

test("colour changes nothing but colours", () => {
  const coloured = brief(all, 80, true);
  expect(coloured).toContain("\u001b[31m");
  expect(Bun.stripANSI(coloured)).toBe(brief(all, 80));
  expect(brief(all, 80)).not.toContain("\u001b");
});

describe("drift", () => {
  const ofWeb = "shop/web-6d4b75cb6d-with-a-rather-long-name-hx2p7 egress";
  const rates =
    "rateBytes is 2500000, should be 5000000, ceilBytes is 25000000, should be 50000000";
  const cases: [title: string, drift: string, words: string][] = [
    [
      "rates in Mbit/s",
      `class fa01:10 on eth0: ${rates}`,
      `${ofWeb}: the class: rate is 20 Mbit/s, should be 40 Mbit/s; ceil is 200 Mbit/s, should be 400 Mbit/s`,
    ],
    [
      "numbers of the kernel are counted",
      `class fa01:10 on eth0: ${rates}, quantumBytes is 200000, should be 65536, burst is 10000 ticks, should be 78125`,
      `${ofWeb}: the class: rate is 20 Mbit/s, should be 40 Mbit/s; ceil is 200 Mbit/s, should be 400 Mbit/s; 2 settings differ (--wide)`,
    ],
    [
      "one number of the kernel",
      "qdisc of class fa01:10 on eth0: limit is 11875000 bytes, should be 131072",
      `${ofWeb}: the queue of the class: 1 setting differs (--wide)`,
    ],
    ["missing", "class fa01:10 on eth0 is missing", `${ofWeb}: the class is missing`],
    [
      "a queue that is missing",
      "qdisc of class fa01:10 on eth0 is missing",
      `${ofWeb}: the queue of the class is missing`,
    ],
    [
      "another kind of queue",
      "qdisc of class fa01:10 on eth0: is pfifo, should be bfifo",
      `${ofWeb}: the queue of the class is pfifo, should be bfifo`,
    ],
    ["a class of no pod", `class fa01:1 on eth0: ${rates}`, `class fa01:1 on eth0: ${rates}`],
    ["another device", `class fa01:10 on eth1: ${rates}`, `class fa01:10 on eth1: ${rates}`],
    ["no class", "route 198.19.0.0/16 is missing", "route 198.19.0.0/16 is missing"],
  ];
  test.each(cases)("%s", (_, drift, words) => {
    const status = sampleStatus([web], { drift: [drift] });
    expect(brief(status, null)).toContain(`  ${words}\n`);
    expect(renderWide(status, "trouble")).toContain(`  ${drift}\n`);
  });
});

describe("the first line", () => {
  const unclear = samplePod("a/b", { guaranteeBits: 1e6, unknown: true });
  const still = samplePod("a/b", { guaranteeBits: 1e6, unmeasured: true });
  const rows: [string, NodeStatus, string][] = [
    [
      "all kept",
      sampleStatus([web, db]),
      "Every promise is kept: of 2 guarantees in 1 s, 1 kept, 1 without demand.",
    ],
    [
      "one below",
      sampleStatus([web, low]),
      "NOT KEPT: 1 of 2 guarantees in 1 s. shop/zz egress: BELOW for 40% of 1 s of demand.",
    ],
    [
      "one missing before one below",
      sampleStatus([low, gone]),
      "NOT KEPT: 2 of 2 guarantees in 1 s. shop/missing egress: it has no class in the kernel.",
    ],
    [
      "one unclear",
      sampleStatus([web, unclear]),
      "Not all can be told: 1 of 2 guarantees unclear in 1 s; 1 kept, 0 without demand.",
    ],
    [
      "not measured",
      sampleStatus([still], { intervalSeconds: null }),
      "Not measured: 1 guarantee promised, each with its class in the kernel.",
    ],
    ["no guarantee", sampleStatus([batch]), "No pod shown here has a guarantee."],
    [
      "drift, and a promise that does not fit",
      sampleStatus([batch], { drift: ["x"], shortfalls: ["y"] }),
      "No pod shown here has a guarantee. The kernel differs from the ledger (1, below). Promises that no longer fit: 1.",
    ],
    [
      "one below, and drift",
      sampleStatus([web, low], { drift: ["x"] }),
      "NOT KEPT: 1 of 2 guarantees in 1 s. shop/zz egress: BELOW for 40% of 1 s of demand. The kernel differs from the ledger (1, below).",
    ],
    [
      "no network",
      sampleStatus([], { trees: [] }),
      "no network yet: no pod was added on this node since it was booted",
    ],
  ];
  test.each(rows)("%s", (_, status, line) => {
    expect(brief(status, null).split("\n")[0]).toBe(line);
  });
});

test.each<[SortKey, string[]]>([
  ["trouble", ["shop/missing", "shop/zz", "batch/job", "shop/db-0"]],
  ["name", ["batch/job", "shop/db-0", "shop/missing", "shop/zz"]],
  ["rate", ["batch/job", "shop/zz", "shop/db-0", "shop/missing"]],
  ["delay", ["batch/job", "shop/db-0", "shop/missing", "shop/zz"]],
])("by %s", (key, names) => {
  const rows = sorted(classRows(sampleStatus([low, db, batch, gone])), key);
  const egress = rows.filter(({ direction }) => direction === "egress");
  expect(egress.map(({ name }) => name)).toEqual(names);
});

test("a direction with neither promise nor traffic has no row; each pod has one", () => {
  const idle = samplePod("shop/idle", {});
  expect(classRows(sampleStatus([idle, db])).map((row) => [row.name, row.direction])).toEqual([
    ["shop/idle", "egress"],
    ["shop/db-0", "egress"],
  ]);
});

test.each([
  [0, "[----------]"],
  [0.999, "[#########-]"],
  [1, "[##########]"],
  [1.04, "[##########]"],
  [2.5, "[#########>]"],
])("a bar of %d of the guarantee", (share, shown) => {
  expect(bar(share * 1e8, 1e8)).toBe(shown);
});

test.each<[boolean, Record<string, string>, boolean]>([
  [true, {}, true],
  [true, { NO_COLOR: "" }, true],
  [true, { NO_COLOR: "0" }, false],
  [true, { TERM: "dumb" }, false],
  [false, {}, false],
])("colour on a terminal: %p, with %p: %p", (isTTY, env, wanted) => {
  expect(wantsColour(isTTY, env)).toBe(wanted);
});
