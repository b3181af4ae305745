import { describe, expect, test } from "bun:test";
import { scenarioSeconds } from "../../../src/prove/engine/run.ts";
import { type Figure, host, type Scenario } from "../../../src/prove/engine/scenario.ts";
import { renderList } from "../../../src/prove/report/table.ts";
import { catalogue, chained, scenarioNamed } from "../../../src/prove/scenarios/index.ts";

const figurePhases = (figure: Figure): string[] =>
  "phase" in figure ? [figure.phase] : "idle" in figure ? [figure.idle, figure.loaded] : [];
const figureLoads = (figure: Figure): string[] =>
  "loads" in figure ? figure.loads : "load" in figure ? [figure.load] : [];

describe.each(
  [...catalogue, ...chained].map((scenario): [string, Scenario] => [scenario.name, scenario]),
)("%s", (_name, { pods, phases, checks, refusals = [] }) => {
  test("sends from and to pods that it has", () => {
    const names = [host, ...pods.map(({ name }) => name)];
    for (const { loads, probes = [] } of phases) {
      for (const load of Object.values(loads)) {
        if (load.kind === "bursts")
          expect(names.filter((name) => name.startsWith(load.pods)).length).toBeGreaterThan(1);
        else for (const end of [load.pod, load.to ?? host]) expect(names).toContain(end);
      }
      for (const probe of probes) expect(names).toContain(probe);
    }
  });

  test("judges what it measures", () => {
    expect(checks.some(({ onlyShown }) => onlyShown === undefined)).toBe(true);
    for (const { figure } of checks) {
      if (figure.kind === "refused") {
        expect(refusals.map(({ name }) => name)).toContain(figure.refusal);
        continue;
      }
      const measured = figurePhases(figure).map((name) => phases.find((p) => p.name === name));
      expect(measured).not.toContain(undefined);
      for (const load of figureLoads(figure)) expect(measured[0]?.loads).toHaveProperty([load]);
      if ("pod" in figure) expect(pods.map(({ name }) => name)).toContain(figure.pod);
    }
  });

  test("has names of its own for phases and checks", () => {
    for (const names of [phases.map(({ name }) => name), checks.map(({ what }) => what)])
      expect(new Set(names).size).toBe(names.length);
  });
});

test("names are unique and found", () => {
  expect(new Set(catalogue.map(({ name }) => name)).size).toBe(catalogue.length);
  for (const scenario of [...catalogue, ...chained])
    expect(scenarioNamed(scenario.name)).toBe(scenario);
  expect(() => scenarioNamed("nothing")).toThrow('there is no "nothing"');
});

test("the whole matrix once is a matter of thirteen minutes", () => {
  const seconds = catalogue.reduce((sum, scenario) => sum + scenarioSeconds(scenario, false), 0);
  expect(seconds).toBeLessThan(780);
});

test("the list says what each one shows", () => {
  const list = renderList(catalogue).replace(/\s+/g, " ");
  for (const { name, shows } of catalogue) {
    expect(list).toContain(name);
    expect(list).toContain(shows);
  }
});
