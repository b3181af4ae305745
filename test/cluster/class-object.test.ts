import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { definitionText } from "../../scripts/bandwidthclass.ts";
import { classFor, readClass } from "../../src/cluster/class-object.ts";
import { unknownKeys } from "../../src/cluster/class-values.ts";
import { repository } from "../support/binary.ts";

const meta = (name: string) => ({ uid: name, name, namespace: "", resourceVersion: "1" });
const of = (name: string, spec: object = {}) => readClass({ spec }, meta(name));

test("the definition is made of the configuration's schema", () => {
  const file = join(repository, "conf/cluster/bandwidthclass.yaml");
  expect(readFileSync(file, "utf8")).toBe(definitionText());
});

test("what a class says", () => {
  expect(of("a", { nodeSelector: { pool: "x", n: 5 }, priority: 3, egressCapacity: "1G" })).toEqual(
    {
      name: "a",
      uid: "a",
      nodeSelector: { pool: "x" },
      priority: 3,
      publishing: "resources",
      values: { egressCapacity: "1G" },
    },
  );
  expect(readClass({}, meta("a")).values).toEqual({});
});

test("how capacity is told is no value of a configuration", () => {
  expect(of("a", { publish: "split" })).toMatchObject({ publishing: "split", values: {} });
  // A newer definition than this agent's.
  expect(unknownKeys(of("a", { publish: "x" }).values)).toEqual(['publish: "x"']);
});

describe("the class of a node", () => {
  const labels = { pool: "storage", zone: "b" };
  test.each<[string, ReturnType<typeof of>[], object]>([
    ["none", [], { state: "none" }],
    ["one that selects others", [of("a", { nodeSelector: { pool: "web" } })], { state: "none" }],
    ["one for all", [of("a")], { state: "one", chosen: of("a") }],
    [
      "the highest",
      [
        of("a", { priority: 1 }),
        of("b", { priority: 2, nodeSelector: { zone: "b" } }),
        of("c", { priority: 9, nodeSelector: { zone: "c" } }),
      ],
      { state: "one", chosen: of("b", { priority: 2, nodeSelector: { zone: "b" } }) },
    ],
    [
      "two alike",
      [of("b"), of("a"), of("c", { priority: -1 })],
      { state: "tie", names: ["a", "b"] },
    ],
  ])("%s", (_, classes, chosen) => {
    expect(classFor(classes, labels)).toEqual(chosen as ReturnType<typeof classFor>);
  });
});
