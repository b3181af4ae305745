/** One verb of many pods, several at a time. */
import type { BenchPod, Verb } from "./plugin.ts";
import type { Side } from "./side.ts";

export interface Burst {
  wallMs: number;
  /** Of those that succeeded. */
  podMs: number[];
  failures: string[];
}

/** What fails is counted, and the others go on. */
export async function burst(
  side: Side,
  verb: Verb,
  pods: readonly BenchPod[],
  atOnce: number,
): Promise<Burst> {
  const waiting = [...pods];
  const podMs: number[] = [];
  const failures: string[] = [];
  const work = async (): Promise<void> => {
    for (let pod = waiting.shift(); pod !== undefined; pod = waiting.shift()) {
      try {
        podMs.push(await side.runBeside(verb, pod));
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  const fromMs = performance.now();
  await Promise.all(Array.from({ length: atOnce }, work));
  return { wallMs: performance.now() - fromMs, podMs, failures };
}
