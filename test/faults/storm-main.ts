/**
 * The storm, and who waits for a lock that nobody gives back: storm-main.ts RESULT_FILE SECONDS SEED [agent]
 * With "agent" verbs go through launcher and agent, and the agent has bad weather.
 */
import { Database } from "bun:sqlite";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { insideNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary } from "../support/binary.ts";
import { placeLauncher } from "../support/launched.ts";
import { requestOf, verbEnvironment, withNode } from "../support/node.ts";
import { runToItsEnd } from "../support/process.ts";
import { countOf } from "./support/fairway-chain.ts";
import { randomOf } from "./support/random.ts";
import { type StormResult, storm } from "./support/storm.ts";
import { Weather, type WeatherFigures } from "./support/weather.ts";

export interface StormFigures extends StormResult {
  seed: number;
  /** Those that waited for a lock that was never given: their codes. */
  waitedInVain: (number | null)[];
  /** What befell the agent, where there was one. */
  weather: WeatherFigures | null;
}

const [, , file = "/dev/stdout", seconds = "120", seed = "1", agent] = process.argv;
const pods = 60;

interface Status {
  pods: { attachment: string; phase: string; egress: { guaranteeBits: number } }[];
}

await withNode(
  async (node) => {
    const random = randomOf(Number(seed));
    using place = agent === undefined ? null : await placeLauncher(node.lab.node);
    await using weather = place && new Weather(node, place, random);
    await weather?.start();
    const { members, ...result } = await storm(node, {
      ...{ random, weather },
      seconds: Number(seconds),
      pods,
      workers: 20,
    });
    const { disagreements } = result;
    const alive = members.filter(({ is }) => is === "alive");
    const status = JSON.parse(node.fairway("status", "--no-measure", "--json").stdout) as Status;
    const inModel = alive.map(
      ({ pod, egressMbit }) => `pods/${pod.containerId}/eth0 ready ${egressMbit * 1e6}`,
    );
    const inLedger = status.pods.map(
      ({ attachment, phase, egress }) => `${attachment} ${phase} ${egress.guaranteeBits}`,
    );
    for (const each of inModel)
      if (!inLedger.includes(each)) disagreements.push(`only in the model: ${each}`);
    for (const each of inLedger)
      if (!inModel.includes(each)) disagreements.push(`only in the ledger: ${each}`);
    const addresses = alive.map(
      ({ result: { ips } }) => (ips as { address: string }[])[0]?.address,
    );
    if (new Set(addresses).size !== alive.length)
      disagreements.push(`an address twice: ${addresses}`);
    const counted = countOf(node, node.dataDir);
    for (const [what, count] of Object.entries(counted))
      if (count !== alive.length) disagreements.push(`${count} ${what} for ${alive.length} pods`);
    const { stdout } = node.fairway("explain");
    if (!stdout.includes("nothing to do")) disagreements.push(stdout);

    // Somebody holds the lock, and never lets it go. Without an agent, since that one leaves such a verb to others.
    const waiting = place === null ? members.slice(0, 20) : [];
    const db = new Database(join(node.dataDir, "ledger.db"));
    db.run("BEGIN IMMEDIATE");
    const waitedInVain = await Promise.all(
      waiting.map(async ({ pod }) => {
        const done = await runToItsEnd({
          argv: insideNamespace(node.lab.node, [binary]),
          stdin: requestOf(node.config, {}),
          env: verbEnvironment("DEL", pod, {}),
        });
        return done.hung ? null : Number(done.json.code ?? done.code);
      }),
    );
    db.run("ROLLBACK");
    db.close();
    for (const { pod } of members) node.del(pod);
    const left = countOf(node, node.dataDir);
    for (const [what, count] of Object.entries(left))
      if (count !== 0) disagreements.push(`${count} ${what} after the last DEL`);
    const figures: StormFigures = {
      ...result,
      seed: Number(seed),
      waitedInVain,
      weather: weather?.figures() ?? null,
    };
    writeFileSync(file, JSON.stringify(figures, null, 2));
  },
  {
    ipam: {
      subnet: "198.19.1.0/24",
      rangeStart: "198.19.1.2",
      rangeEnd: `198.19.1.${1 + pods}`,
      routes: [{ dst: "0.0.0.0/0" }],
    },
  },
);
