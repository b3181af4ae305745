/**
 * An ADD's way to its first system call, by the very modules that an ADD runs, and no further than to the
 * stage that the environment names. The verbs' code is loaded as bin/fairway.ts loads it.
 */
import { stageVariable } from "./names.ts";

async function reach(stage: string | undefined): Promise<void> {
  await import("../../../src/cni/entries/add.ts");
  if (stage === "modules") return;
  const { readStdin } = await import("../../../src/cni/stdin.ts");
  const stdin = readStdin();
  if (stage === "stdin") return;
  const { readRequest } = await import("../../../src/cni/request.ts");
  const { parseNetworkConfig } = await import("../../../src/promise/network-config.ts");
  const request = readRequest(process.env, stdin);
  if (request.verb !== "ADD") throw new Error("only an ADD is looked at");
  const config = parseNetworkConfig(request.config);
  if (stage === "validation") return;
  const { withLedger } = await import("../../../src/node/facts/open.ts");
  const { attachAskOf } = await import("../../../src/cni/attach-ask.ts");
  withLedger(config.dataDir, (ledger) => {
    ledger.attachments.promised();
    if (stage === "ledger") return;
    attachAskOf(request, config, null);
  });
}

await reach(process.env[stageVariable]);
