/** docs/set.md has every key that `set --json` and `set-capacity --json` can print, and no other. */
import { expect, test } from "bun:test";
import type { Capacity } from "../../../src/node/facts/capacity-sources.ts";
import type { Override } from "../../../src/node/facts/override.ts";
import type { SetOutcome } from "../../../src/ops/set/command.ts";
import type { CapacityOutcome } from "../../../src/ops/set-capacity/command.ts";
import type { PodPromise } from "../../../src/plan/node.ts";
import { type AllKeys, namesIn, pageText, tablesOf } from "../../support/pages.ts";

/** What docs/status.md tells: test/ops/status/model-page.test.ts holds it to the types. */
type Told = PodPromise | Override | Capacity;

/** The compiler holds this to the types: a key that is new, or gone, is an error here. */
const printed: {
  set: AllKeys<SetOutcome, Told>;
  "set-capacity": AllKeys<CapacityOutcome, Told>;
} = {
  set: {
    pod: true,
    attachment: true,
    dryRun: true,
    changed: true,
    former: true,
    promise: true,
    inForce: true,
    override: true,
    "reasons[]": true,
    "steps[]": true,
    "steps[].op": true,
    "steps[].why": true,
  },
  "set-capacity": {
    dryRun: true,
    changed: true,
    "capacities[]": true,
    "shortfalls[]": true,
    "steps[]": true,
    "steps[].op": true,
    "steps[].why": true,
  },
};

const page = pageText("docs/set.md");
const tables = tablesOf(page.slice(page.indexOf("## `--json`")));

test.each(Object.entries(printed))(
  "docs/set.md has the keys of `fairway %s --json`",
  (verb, keys) => {
    const listed = tables
      .filter(({ above }) => above.startsWith(`Of \`fairway ${verb}\``))
      .flatMap(({ rows }) => rows.flatMap(([cell = ""]) => namesIn(cell)));
    expect(listed.toSorted()).toEqual(Object.keys(keys).toSorted());
  },
);
