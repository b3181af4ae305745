/**
 * Verbs of a sweep through launcher and agent, and some by processes of their own: what is killed is the
 * agent, the launcher or the process.
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type LauncherPlace, Supervised } from "../../support/launched.ts";
import { requestOf, type TestNode, verbEnvironment } from "../../support/node.ts";
import { type Gone, runToItsEnd } from "../../support/process.ts";
import { type Call, directCall, killAt, options, pointsOf } from "./fairway-chain.ts";
import type { Random } from "./random.ts";
import { faultyBinary } from "./world.ts";

/** What became of the verbs, beside what a sweep counts. */
export interface LaunchedFigures {
  byAgent: number;
  alone: number;
  /** Agents that ended, and were started again. */
  agentsKilled: number;
  launchersKilled: number;
  /** Done by a process of their own, by the reason that the launcher told it. */
  fellBack: Record<string, number>;
}

/** Without a kill, this share of the verbs is called without a launcher. */
const aloneShare = 0.3;
/** An agent that is dead all the time is no agent. */
const agentsShare = 0.2;

export interface LaunchedCall extends AsyncDisposable {
  call: Call;
  /** Until the agent serves, and no death is in store for it. */
  calm(): Promise<void>;
  figures(): LaunchedFigures;
}

export async function launchedCall(
  node: TestNode,
  place: LauncherPlace,
  random: Random,
): Promise<LaunchedCall> {
  const next = join(place.folder, "next");
  const points = pointsOf(node);
  const alone = directCall(node, points, random);
  const agent = new Supervised({
    executable: () => faultyBinary,
    place,
    dataDir: node.dataDir,
    env: { FAIRWAY_FAULT_NEXT: next },
    watches: true,
  });
  await agent.start();
  const counts = { byAgent: 0, alone: 0, launchersKilled: 0 };
  const fellBack: Record<string, number> = {};

  const launched = async (asked: Parameters<Call>[0], killAfterMs?: number): Promise<Gone> => {
    const { verb, pod, config = {} } = asked;
    const done = await runToItsEnd({
      argv: place.enter([place.launcher]),
      stdin: requestOf(node.config, { ...options, config }),
      env: verbEnvironment(verb, pod, {}),
      ...(killAfterMs !== undefined && { killAfterMs }),
    });
    const others = place.fellBack();
    for (const { reason } of others) fellBack[reason] = (fellBack[reason] ?? 0) + 1;
    counts.byAgent += 1 - others.length;
    if (done.code === null && !done.hung) counts.launchersKilled += 1;
    return done;
  };

  const killingAgent = async (asked: Parameters<Call>[0]): Promise<Gone> => {
    const { kill, verb } = asked;
    if (kill === "step") {
      if (!existsSync(next)) writeFileSync(next, JSON.stringify(killAt(points, verb, random)));
      return launched(asked);
    }
    const afterMs = kill?.afterMs ?? 0;
    const timer = setTimeout(() => agent.kill("SIGKILL"), afterMs);
    const done = await launched(asked);
    clearTimeout(timer);
    return done;
  };

  const call: Call = (asked) => {
    const { kill = null } = asked;
    const dice = random.next();
    if (kill !== null && dice < agentsShare && agent.isServing) return killingAgent(asked);
    const isAlone = kill === "step" || random.chance(kill === null ? aloneShare : 0.5);
    if (!isAlone) return launched(asked, kill === null ? undefined : kill.afterMs);
    counts.alone += 1;
    return alone(asked);
  };

  return {
    call,
    calm: async () => {
      rmSync(next, { force: true });
      await agent.serving();
    },
    figures: () => ({
      ...counts,
      agentsKilled: agent.counts.started - 1,
      fellBack,
    }),
    [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose](),
  };
}
