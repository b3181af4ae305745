/** One binary: a CNI plugin where a runtime calls it, by either of its names; the operator's tool where a person does. */
import { basename } from "node:path";

async function main(): Promise<number> {
  if (process.env.CNI_COMMAND !== undefined) {
    const { cniMain } = await import("../src/cni/main.ts");
    return cniMain(process.env, basename(process.argv0));
  }
  const { operatorMain } = await import("../src/ops/main.ts");
  return operatorMain(process.argv.slice(2));
}

process.exitCode = await main();
