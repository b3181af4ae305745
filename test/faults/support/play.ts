/** A scenario, played with each fault at each of its points. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { EffectKind } from "../../../src/effect-kind.ts";
import type { Fault } from "../../../src/faults.ts";
import type { Ended } from "../../support/node.ts";
import { isLostAdd } from "./fairway-chain.ts";
import { faultsAt, isKill, type Point, readPoints } from "./points.ts";
import type { Scenario } from "./scenario.ts";
import { type FaultEnv, mustEnd, type World, withWorld } from "./world.ts";

/** What came of one fault at one point. */
type Outcome =
  /** The verb succeeded all the same. */
  | "tolerated"
  /** The agent died of it or left it to others, and the launcher had the verb done by a process of its own. */
  | "again"
  /** It failed, and all was as before. */
  | "undone"
  /** It failed or died, and the recovery made it good. */
  | "recovered";

export interface Played {
  verb: string;
  title: string;
  isLaunched: boolean;
  recovery: string;
  points: Partial<Record<EffectKind, number>>;
  tries: { fault: Fault; kind: EffectKind; outcome: Outcome }[];
  /** What was not as it has to be, in words. */
  failures: string[];
  /** In the same order. */
  failedFaults: Fault[];
  /** Each error that was told, with where it came from first. */
  errors: Record<string, string>;
  seconds: number;
}

const envOf = ({ at }: Point, fault: Fault): FaultEnv => ({
  FAIRWAY_FAULT_AT: String(at),
  FAIRWAY_FAULT_AS: fault,
});

/** The lines that are only in one of the two. */
function difference(wanted: string, found: string): string {
  const [a, b] = [wanted.split("\n"), found.split("\n")];
  const count = (lines: string[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
    return counts;
  };
  const [inA, inB] = [count(a), count(b)];
  const only = (lines: string[], own: Map<string, number>, other: Map<string, number>) =>
    [...new Set(lines)].filter((line) => (own.get(line) ?? 0) > (other.get(line) ?? 0));
  return [
    ...only(a, inA, inB).map((line) => `  - ${line}`),
    ...only(b, inB, inA).map((line) => `  + ${line}`),
  ]
    .slice(0, 30)
    .join("\n");
}

const isOfVerb = ({ stdout }: Ended): boolean => stdout.startsWith("{");

/** The error of a verb; of a command its words, and what it could not do of several things. */
function wordsOf(ended: Ended): string | null {
  const { stdout, stderr, json } = ended;
  if (isOfVerb(ended)) {
    const { code, msg, details = "" } = json;
    return typeof code === "number" && typeof msg === "string" && msg !== ""
      ? `${code}: ${msg} ${details}`
      : null;
  }
  const failed: string[] = stdout.match(/^(?:FAILED|not adopted): .+/gm) ?? [];
  if (stderr.startsWith("fairway: ")) failed.push(stderr.trim());
  return failed.length === 0 ? null : failed.join("\n");
}

/** What is wrong with how a failure was told; null: nothing. */
function unclear(ended: Ended): string | null {
  const { stdout, stderr, json } = ended;
  const text = wordsOf(ended);
  if (text === null) return `no error was told: ${stdout}${stderr}`;
  if (json.code === 999) return `an error without a code of ours: ${text}`;
  if (/\bat .*[:(]\d+|\$bunfs|TypeError|RangeError|undefined/.test(stdout + stderr))
    return `a stack trace, or what only a developer understands: ${stdout}${stderr}`;
  // What go-cni takes for success; a command's error goes to a person, in the kernel's words.
  if (isOfVerb(ended) && /not found/i.test(text)) return `the words "not found": ${text}`;
  return null;
}

class Unmet extends Error {}

/** The fault did not come to be, since the agent left the verb to others: it was late, or a tool had hung in it. */
class NotStruck extends Error {}

/** So often a fault is tried that does not come to be. */
const mostTries = 5;

function same(what: string, wanted: string, found: string): void {
  if (wanted !== found) throw new Unmet(`${what}:\n${difference(wanted, found)}`);
}

export interface PlayOptions {
  /** Only these points, for a look at one of them. */
  only?: (point: Point, fault: Fault, points: number) => boolean;
  progress?: (text: string) => void;
}

function playOne(
  scenario: Scenario,
  world: World,
  states: { before: string; done: string; says: string },
  point: Point,
  fault: Fault,
  played: Played,
): Outcome {
  const { recovery } = scenario;
  const ended = scenario.act(world, envOf(point, fault));
  const struck = world.struck();
  if (struck?.isStruck === false) throw new NotStruck("the agent left the verb to others");
  const left = world.state();
  if (ended.code === 0) {
    same("it succeeded, and did not do all", states.done, left);
    same("it succeeded, and says something else", states.says, ended.stdout);
    return (struck?.reasons ?? []).length > 0 ? "again" : "tolerated";
  }
  if (isKill(fault) && struck !== null) {
    if (!isLostAdd(ended)) throw new Unmet(`the agent's death was told as: ${ended.stdout}`);
  } else if (isKill(fault)) {
    // 128 + SIGKILL, where a shell or `ip` is between us.
    if (ended.stdout.includes('"code"')) throw new Unmet(`it was not killed: ${ended.stdout}`);
  } else {
    const wrong = unclear(ended);
    if (wrong !== null) throw new Unmet(wrong);
    const text = wordsOf(ended) ?? "";
    played.errors[text] ??= `${point.kind} ${point.what}, ${fault}`;
  }
  let outcome: Outcome = "undone";
  let state = left;
  if (left !== states.before) {
    // An answer that nobody hears comes after all was done.
    const isAnswer = point.what === "print the answer";
    const isWhole = scenario.isAtomic === "either" && left === states.done;
    if (
      scenario.isAtomic !== false &&
      !isWhole &&
      !isKill(fault) &&
      fault !== "refused-for-good" &&
      !isAnswer
    )
      throw new Unmet(`the error left something:\n${difference(states.before, left)}`);
    recovery.run(world);
    state = world.state();
    outcome = "recovered";
    const reached = state === states.before ? "before" : state === states.done ? "done" : null;
    if (reached === null || (recovery.to !== "either" && recovery.to !== reached))
      throw new Unmet(
        `after ${recovery.words} it is not as ${recovery.to === "done" ? "it was to be" : "before"}:\n${difference(
          recovery.to === "done" ? states.done : states.before,
          state,
        )}`,
      );
  }
  if (state !== states.done) {
    const { stdout } = mustEnd(scenario.act(world, {}));
    if (state === states.before) same("the next try says something else", states.says, stdout);
    // From a state that is exactly the one before, it leads to where it led before.
    if (outcome === "recovered") same("the next try did not do all", states.done, world.state());
  }
  return outcome;
}

interface Try {
  point: Point;
  fault: Fault;
}

async function struckAtLast(
  scenario: Scenario,
  world: World,
  once: () => Outcome,
): Promise<Outcome> {
  for (let left = mostTries; ; left--) {
    try {
      return once();
    } catch (error) {
      if (!(error instanceof NotStruck) || left === 1) throw error;
      await world.renew();
      scenario.setUp(world);
    }
  }
}

/** On one node, until all are through or the node does not come back to what it was. */
async function playOn(
  world: World,
  scenario: Scenario,
  waiting: Try[] | null,
  played: Played,
  options: PlayOptions,
): Promise<Try[]> {
  const fail = ({ point, fault }: Try, text: string): void => {
    const where = `${fault} at ${point.at} (${point.kind} ${point.what.slice(0, 90)})`;
    const line = `${scenario.verb}, ${scenario.title}: ${where}: ${text}`;
    played.failures.push(line);
    played.failedFaults.push(fault);
    options.progress?.(line);
  };
  scenario.prepare?.(world);
  scenario.setUp(world);
  // What is only done once in a boot would make the run that is written down another than those after it.
  mustEnd(scenario.act(world, {}));
  scenario.setUp(world);
  const before = world.state();
  const log = join(world.root, "points");
  const says = mustEnd(scenario.act(world, { FAIRWAY_FAULT_LOG: log })).stdout;
  if (scenario.says !== undefined) same("it does not say what was done", scenario.says, says);
  const done = world.state();
  const points = existsSync(log) ? readPoints(log) : [];
  rmSync(log, { force: true });
  scenario.setUp(world);
  same("it cannot be played twice", before, world.state());
  if (waiting === null)
    for (const { kind } of points) played.points[kind] = (played.points[kind] ?? 0) + 1;
  const rest =
    waiting ??
    points.flatMap((point) =>
      faultsAt(point).flatMap((fault) =>
        options.only?.(point, fault, points.length) === false ? [] : [{ point, fault }],
      ),
    );
  for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
    const { point, fault } = next;
    const once = (): Outcome =>
      playOne(scenario, world, { before, done, says }, point, fault, played);
    try {
      const outcome = await struckAtLast(scenario, world, once);
      played.tries.push({ fault, kind: point.kind, outcome });
      if (played.tries.length % 50 === 0)
        options.progress?.(
          `${scenario.verb}, ${scenario.title}: ${played.tries.length} tries, ${rest.length} to go`,
        );
      await world.ready();
      scenario.setUp(world);
    } catch (error) {
      fail(next, error instanceof Error ? error.message : String(error));
      return rest;
    }
  }
  return rest;
}

/** More than these make no difference any more. */
const enoughFailures = 40;

export async function play(scenario: Scenario, options: PlayOptions = {}): Promise<Played> {
  const startedMs = performance.now();
  const played: Played = {
    verb: scenario.verb,
    title: scenario.title,
    isLaunched: scenario.isLaunched ?? false,
    recovery: scenario.recovery.words,
    points: {},
    tries: [],
    failures: [],
    failedFaults: [],
    errors: {},
    seconds: 0,
  };
  let waiting: Try[] | null = null;
  do {
    const use = async (world: World): Promise<void> => {
      waiting = await playOn(world, scenario, waiting, played, options);
    };
    const { config = () => ({}), isLaunched = false } = scenario;
    await withWorld(config, use, { isLaunched });
  } while ((waiting ?? []).length > 0 && played.failures.length < enoughFailures);
  played.seconds = (performance.now() - startedMs) / 1000;
  return played;
}
