/** The resident process: it takes its place, serves verbs, and ends when it is told to. */
import { writeSync } from "node:fs";
import { buildId, target, version } from "../build.ts";
import { plainLine } from "../cni/log.ts";
import { FairwayError, messageOf } from "../errors.ts";
import { existingFile } from "../ledger/folder.ts";
import { endNow as endUnclosed, inLedger, keepLedgers } from "../node/facts/open.ts";
import type { Tell, Told } from "./events.ts";
import { type KeepTrueOptions, keepTrue } from "./keep-true.ts";
import { KeptLedgers } from "./kept-ledgers.ts";
import { AgentServer } from "./server.ts";
import { takePlace } from "./socket-place.ts";
import { Supervisor } from "./supervisor.ts";

export interface AgentOptions {
  /** An absolute path. */
  socket: string;
  /** The ledger that is opened before the first verb comes. */
  dataDir: string;
  /** What is done about drift. */
  repair: KeepTrueOptions["repair"];
}

/** How long whoever is connected may take to read the last answers. */
const farewellMs = 1_000;

const tell = (level: "info" | "error", msg: string, fields: Record<string, unknown> = {}): void => {
  try {
    // The process may end right after it.
    writeSync(2, plainLine(level, fields, msg));
  } catch {
    // Nobody reads it.
  }
};

const levelOf = ({ event }: Told): "info" | "error" =>
  event === "failed" || event === "fight" || event === "deaf" ? "error" : "info";

const tellKept: Tell = (told) => tell(levelOf(told), `the node: ${told.event}`, told);

/** A ledger that cannot be opened is told by the verbs that need it. */
function openAtOnce(dataDir: string): void {
  try {
    if (existingFile(dataDir) !== null) inLedger(dataDir, () => {});
  } catch (error) {
    if (!(error instanceof FairwayError)) throw error;
    tell("error", error.message, { code: error.code, details: error.details });
  }
}

/** What is open is not closed. */
function endNow(code: number): never {
  endUnclosed(code);
  process.abort();
}

function whenTold(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(signal));
  });
}

async function farewell(server: AgentServer): Promise<void> {
  const deadlineMs = performance.now() + farewellMs;
  while (!server.isQuiet && performance.now() < deadlineMs) await Bun.sleep(1);
}

/** Runs until it is told to end. Throws io where it cannot begin. */
export async function runAgent({ socket, dataDir, repair }: AgentOptions): Promise<void> {
  process.chdir("/");
  using _place = await takePlace(socket);
  using ledgers = new KeptLedgers((file) => {
    tell("error", `${file} was cut, or its log was taken away, while it was open: the agent ends`);
    return endNow(1);
  });
  keepLedgers(ledgers.give);
  openAtOnce(dataDir);
  const supervisor = new Supervisor(process.env);
  const toldToEnd = whenTold();
  // After a defect of ours nothing in this process can be relied on. Whoever started it starts it again.
  const onDefect = (error: unknown): void => {
    const stack = error instanceof Error ? error.stack : undefined;
    tell("error", `a defect of the agent, which ends now: ${messageOf(error)}`, { stack });
    process.exit(1);
  };
  const server = new AgentServer(socket, onDefect);
  tell("info", "serving verbs", { version, build: buildId, target, socket });
  const ending = new AbortController();
  const kept = keepTrue({
    dataDir,
    repair,
    tell: tellKept,
    signal: ending.signal,
    isBusy: () => server.isBusy,
  }).catch(onDefect);
  const untold = supervisor.ready();
  if (untold !== null) tell("error", untold);
  const signal = await toldToEnd;
  supervisor.stopping();
  ending.abort();
  server.stop();
  await farewell(server);
  await kept;
  tell("info", "ended", { signal });
}
