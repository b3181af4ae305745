/**
 * Twenty processes at a time, at random, over sixty pods; beside them a model of what a runtime knows. At the
 * end ledger, kernel and model are the same, or something lied.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { insideNamespace } from "../../../src/prove/lab/namespaces.ts";
import { binary } from "../../support/binary.ts";
import { type Pod, requestOf, type TestNode, verbEnvironment } from "../../support/node.ts";
import { type Gone, runIn, runToItsEnd } from "../../support/process.ts";
import { isLostAdd } from "./fairway-chain.ts";
import type { Random } from "./random.ts";
import type { Weather } from "./weather.ts";

type Json = Record<string, unknown>;

interface Member {
  pod: Pod;
  args: string;
  /**
   * "dying": an ADD or a DEL of it failed, so that DEL comes next, and nothing else. "lost": the runtime has
   * forgotten it, and never called DEL.
   */
  is: "absent" | "alive" | "dying" | "lost";
  /** When it was lost, in the order of all that was done. */
  lostAt: number;
  result: Json;
  egressMbit: number;
  /** Somebody does something with it, which a runtime does one after the other. */
  busy: boolean;
}

export interface StormResult {
  seconds: number;
  /** By what was asked for. */
  done: Record<string, number>;
  /** Refused for want of capacity, or because others were at it for as long as one waits: as they should. */
  refused: Record<string, number>;
  /** What those said that were to try again. */
  toldToTryAgain: string[];
  /** Whatever else did not succeed. */
  failures: string[];
  hung: number;
  longestMs: number;
  /** Where ledger, kernel and model differ at the end. */
  disagreements: string[];
  aliveAtEnd: number;
}

/** 100: it does not fit. 11: others were at it; try again. */
const allowed: Record<string, readonly number[]> = { ADD: [100, 11], set: [100, 11] };

export async function storm(
  node: TestNode,
  {
    random,
    seconds,
    pods,
    workers,
    weather = null,
  }: {
    random: Random;
    seconds: number;
    pods: number;
    workers: number;
    /** With it verbs go through launcher and agent. */
    weather?: Weather | null;
  },
): Promise<StormResult & { members: Member[] }> {
  const result: StormResult = {
    ...{ seconds: 0, done: {}, refused: {}, toldToTryAgain: [], failures: [] },
    ...{ hung: 0, longestMs: 0 },
    ...{ disagreements: [], aliveAtEnd: 0 },
  };
  const places = ["--bin-dir", join(node.dataDir, "bin"), "--conf-dir", join(node.dataDir, "conf")];
  const installed = join(node.dataDir, "bin/fairway");
  const executable = (): string => (existsSync(installed) ? installed : binary);
  const members: Member[] = Array.from({ length: pods }, (_, i) => ({
    pod: node.pod(`p${i}`),
    args: `IgnoreUnknown=1;K8S_POD_NAMESPACE=storm;K8S_POD_NAME=p${i}`,
    is: "absent",
    lostAt: 0,
    result: {},
    egressMbit: 0,
    busy: false,
  }));
  let clock = 0;

  const note = (what: string, gone: Gone): boolean => {
    result.longestMs = Math.max(result.longestMs, gone.tookMs);
    // It is counted where what befell the agent is.
    if (what === "ADD" && weather !== null && isLostAdd(gone)) return false;
    if (gone.hung) result.hung += 1;
    if (gone.code === 0) {
      result.done[what] = (result.done[what] ?? 0) + 1;
      return true;
    }
    const code = Number(
      gone.json.code ??
        (/stayed locked|at work on/.test(gone.stderr)
          ? 11
          : /asks for/.test(gone.stderr)
            ? 100
            : 0),
    );
    if ((allowed[what] ?? [11]).includes(code)) {
      const key = `${what}, code ${code}`;
      result.refused[key] = (result.refused[key] ?? 0) + 1;
      if (code === 11) result.toldToTryAgain.push(`${what}: ${gone.stdout}${gone.stderr}`);
    } else result.failures.push(`${what}: ${gone.stdout}${gone.stderr}`.slice(0, 500));
    return false;
  };
  const verb = async (
    name: string,
    { pod, args }: Pick<Member, "pod" | "args">,
    egressMbit: number,
    config: Json = {},
  ) => {
    const options = {
      annotations: { "fairway.dev/egress-guarantee": `${egressMbit}M` },
      config,
    };
    const through = weather?.argv() ?? null;
    const gone = await runToItsEnd({
      argv: through ?? insideNamespace(node.lab.node, [executable()]),
      stdin: requestOf(node.config, options),
      env: verbEnvironment(name, pod, { args }),
    });
    if (through !== null) weather?.note(name === "ADD" && isLostAdd(gone));
    return gone;
  };
  const command = (...args: string[]) =>
    runIn(node.lab.node, { argv: [executable(), ...args, "--data-dir", node.dataDir] });

  const ask = () => 1 + random.below(11);
  const acts = {
    async add(member: Member): Promise<void> {
      const egressMbit = ask();
      const twice = random.chance(0.1);
      const all = await Promise.all(
        Array.from({ length: twice ? 2 : 1 }, () => verb("ADD", member, egressMbit)),
      );
      // One of two for the same pod may find it there already.
      const [first, second] = all;
      if (first !== undefined && second !== undefined) {
        const winner = all.find(({ code }) => code === 0);
        const loser = all.find((each) => each !== winner);
        if (winner !== undefined && loser?.json.code === 103) {
          note("ADD", winner);
          Object.assign(member, { is: "alive", result: winner.json, egressMbit });
          return;
        }
      }
      member.is = "dying";
      // What an agent had begun when it died may be there already, and the other of two finds it.
      const mayBeThere = all.some(isLostAdd);
      for (const gone of all)
        if (!(mayBeThere && gone.json.code === 103) && note("ADD", gone))
          Object.assign(member, { is: "alive", result: gone.json, egressMbit });
    },
    async del(member: Member): Promise<void> {
      const times = random.chance(0.2) ? 2 : 1;
      const all = await Promise.all(
        Array.from({ length: times }, () => verb("DEL", member, member.egressMbit)),
      );
      const ok = all.map((gone) => note("DEL", gone));
      member.is = ok.some((each) => each) ? "absent" : "dying";
    },
    async check(member: Member): Promise<void> {
      note("CHECK", await verb("CHECK", member, member.egressMbit, { prevResult: member.result }));
    },
    async set(member: Member): Promise<void> {
      const egressMbit = ask();
      const name = member.pod.containerId;
      if (note("set", await command("set", `storm/${name}`, `egress-guarantee=${egressMbit}M`)))
        member.egressMbit = egressMbit;
    },
    async lose(member: Member): Promise<void> {
      member.is = "lost";
      member.lostAt = ++clock;
    },
  };

  let isCollecting = false;
  /**
   * What a runtime knows at this moment: all but those that it has forgotten. One at a time, as a runtime
   * does it: a second one's list would be older than the pod that the first one made room for.
   */
  const gc = async (): Promise<void> => {
    if (isCollecting) return;
    isCollecting = true;
    try {
      await collect();
    } finally {
      isCollecting = false;
    }
  };
  const collect = async (): Promise<void> => {
    const since = ++clock;
    const valid = members
      .filter(({ is }) => is !== "lost")
      .map(({ pod }) => ({ containerID: pod.containerId, ifname: "eth0" }));
    const any = { pod: { containerId: "gc", namespace: "", netns: "" }, args: "" };
    const gone = await verb("GC", any, 1, {
      cniVersion: "1.1.0",
      "cni.dev/valid-attachments": valid,
    });
    if (!note("GC", gone)) return;
    for (const member of members)
      if (member.is === "lost" && member.lostAt < since) member.is = "absent";
  };
  const install = async (): Promise<void> => {
    const shape = ["--subnet", "198.19.1.0/24", "--uplink", "uplink"];
    const rates = ["--egress-capacity", "400M", "--ingress-capacity", "400M"];
    note("install", await command("install", ...places, ...shape, ...rates));
  };

  const one = async (): Promise<void> => {
    const dice = random.next();
    if (dice < 0.04) return gc();
    if (dice < 0.07) return void note("repair", await command("repair"));
    if (dice < 0.08) return install();
    const free = members.filter(({ busy, is }) => !busy && is !== "lost");
    const [first, ...rest] = free;
    if (first === undefined) return void (await Bun.sleep(5));
    const member = random.pick([first, ...rest]);
    member.busy = true;
    try {
      if (member.is === "absent") await acts.add(member);
      else if (member.is === "dying") await acts.del(member);
      else {
        const what = random.next();
        if (what < 0.45) await acts.del(member);
        else if (what < 0.75) await acts.check(member);
        else if (what < 0.95) await acts.set(member);
        else await acts.lose(member);
      }
    } finally {
      member.busy = false;
    }
  };

  const startedMs = performance.now();
  const worker = async (): Promise<void> => {
    while (performance.now() - startedMs < seconds * 1000) await one();
  };
  const isOver = (): boolean => performance.now() - startedMs >= seconds * 1000;
  await Promise.all([...Array.from({ length: workers }, worker), weather?.rage(isOver)]);
  result.seconds = (performance.now() - startedMs) / 1000;
  await gc();
  for (const member of members) if (member.is === "dying") await acts.del(member);
  const alive = members.filter(({ is }) => is === "alive");
  result.aliveAtEnd = alive.length;
  for (const member of alive) await acts.check(member);
  return Object.assign(result, { members });
}
