/** One binary: a CNI plugin where a runtime calls it, by either of its names; the operator's tool where a person does. */
import { nameOf } from "../src/paths.ts";

async function main(): Promise<number> {
  if (process.env.CNI_COMMAND !== undefined) {
    const { cniMain, endNow } = await import("../src/cni/main.ts");
    const code = await cniMain(process.env, nameOf(process.argv0));
    endNow(code);
    return code;
  }
  const { operatorMain } = await import("../src/ops/main.ts");
  return operatorMain(process.argv.slice(2));
}

process.exitCode = await main();
