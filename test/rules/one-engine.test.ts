/** One module reconciles: it alone finds the steps between two states of the kernel, and does them. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../support/binary.ts";

const sources = new Map(
  [...new Bun.Glob("src/**/*.ts").scanSync(repository)].map((path) => [
    path,
    readFileSync(join(repository, path), "utf8"),
  ]),
);

/** The modules that import a name, not counting those that import types only. */
function importersOf(name: string, from: string): string[] {
  const found = [...sources].filter(([, text]) =>
    [...text.matchAll(/^import \{([^}]*)\} from "([^"]*)"/gms)].some(
      ([, names = "", path = ""]) =>
        path.endsWith(from) && names.split(",").some((each) => each.trim() === name),
    ),
  );
  return found.map(([path]) => path).sort();
}

const engine = "src/node/reconcile/run.ts";

test.each([
  ["applySteps", "apply.ts"],
  ["applyForGood", "apply.ts"],
  ["rollBack", "apply.ts"],
])("%s is called by the engine alone", (name, from) => {
  expect(importersOf(name, from)).toEqual([engine]);
});

test("the steps between two states are found by the engine alone", () => {
  // After a refusal, kernel/apply.ts asks in the same words whether anything of one object is left.
  expect(importersOf("diff", "/diff.ts")).toEqual(["src/kernel/apply.ts", engine]);
});

test.each(["assumed", "untilAtRest", "lock"])(
  "the option %s is used by two scopes or more",
  (option) => {
    const users = [...sources].filter(
      ([path, text]) =>
        path !== engine &&
        new RegExp(`\\{[^{}]*\\b${option}\\b[^{}]*\\}`).test(text) &&
        /reconcile/.test(text),
    );
    expect(users.length).toBeGreaterThan(1);
  },
);
