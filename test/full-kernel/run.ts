/**
 * The cases for a kernel that has everything, compiled to one program: scripts/test-kernel runs it in
 * an emulated machine, on the built plugin (FAIRWAY_BINARY). The last line counts.
 * With the name of a suite it runs that one: suites run beside each other as processes of their own.
 */
import { base } from "./base.ts";
import { bridgeNetfilter } from "./bridge-netfilter.ts";
import { exact, missing, offered } from "./leaf-queues.ts";
import { runSuite, type Suite } from "./suite.ts";
import { tampering } from "./tampering.ts";
import { traffic } from "./traffic.ts";
import { uplink } from "./uplink.ts";

/** Stages in this order: the first needs a kernel that nobody has loaded br_netfilter into, the last one to itself. */
const stages: Record<string, Suite>[] = [
  { "bridge-netfilter": bridgeNetfilter },
  {
    uplink,
    "leaf-queues-offered": offered,
    base,
    "leaf-queues-exact": exact,
    tampering,
    "leaf-queues-missing": missing,
  },
  { traffic },
];

/** The emulated machine has two processors. */
const besideEachOther = 2;

interface Count {
  passed: number;
  failed: number;
}

const line = ({ passed, failed }: Count): string =>
  `fairway-full-kernel: ${passed} passed, ${failed} failed, 0 skipped`;

const total: Count = { passed: 0, failed: 0 };

async function runInProcess(name: string): Promise<void> {
  const child = Bun.spawn([process.execPath, name], { stdout: "pipe", stderr: "inherit" });
  const output = await new Response(child.stdout).text();
  await child.exited;
  const counts = /^fairway-full-kernel: (\d+) passed, (\d+) failed/m.exec(output);
  process.stdout.write(output.replace(/^fairway-full-kernel: .*\n/m, ""));
  if (counts === null) console.log(`(FAIL) ${name} did not come to its end`);
  total.passed += Number(counts?.[1] ?? 0);
  total.failed += Number(counts?.[2] ?? 1);
}

async function runAll(): Promise<Count> {
  for (const stage of stages) {
    const waiting = Object.keys(stage);
    const lane = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
        await runInProcess(name);
    };
    await Promise.all(Array.from({ length: besideEachOther }, lane));
  }
  return total;
}

async function main(): Promise<number> {
  const [, , name] = process.argv;
  const suite = stages.flatMap((stage) => Object.entries(stage)).find(([key]) => key === name);
  if (name !== undefined && suite === undefined) throw new RangeError(`no suite ${name}`);
  const count = suite === undefined ? await runAll() : await runSuite(...suite);
  console.log(line(count));
  return count.failed === 0 ? 0 : 1;
}

process.exit(await main());
