/**
 * Each effect of a driver fails in turn, or the driver dies at it: from its start over Prepare and Unprepare to its end.
 * The kubelet asks again, as it does, and the driver is started again where it died.
 */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { socketsIn } from "../../src/dra/kubelet.ts";
import { getInfo, plugins } from "../../src/dra/services.ts";
import { CallError, unary } from "../../src/grpc/call.ts";
import { openLedger } from "../../src/ledger/ledger.ts";
import { until } from "../support/until.ts";
import { claimWith, result } from "./claims.ts";

const { prepare, unprepare } = plugins["v1.DRAPlugin"];
const claim = { namespace: "shop", name: "web-egress", uid: "claim-1" };
const atOnce = 4;
const timeLimitMs = 5_000;
const environment = { PATH: process.env.PATH ?? "", LC_ALL: "C" };

/** What of a kind fails, beside that the driver dies before it or after it. */
const faultsOf: Record<string, string[]> = { ledger: ["io-error"], file: ["no-space"] };

class Kubelet {
  readonly folder = mkdtempSync(join(tmpdir(), "fairway-dra-"));
  readonly #sockets = socketsIn(join(this.folder, "kubelet"));
  #driver: Bun.Subprocess | null = null;
  /** How often a driver died, and how often an answer was an error. */
  deaths = 0;
  errors = 0;

  constructor() {
    mkdirSync(join(this.folder, "kubelet"));
    const results = [result(), result({ request: "in", device: "ingress-eth0" })];
    writeFileSync(join(this.folder, "claim.json"), JSON.stringify(claimWith({ results })));
  }

  #start(variables: Record<string, string> = {}): void {
    this.#driver = Bun.spawn(
      [
        ...[process.execPath, "--define", "FAIRWAY_FAULTS=true"],
        ...[join(import.meta.dir, "driver-main.ts"), this.folder],
      ],
      {
        env: { ...environment, ...variables },
        stdin: "ignore",
        stdout: "ignore",
        stderr: "ignore",
      },
    );
  }

  #restartIfDead(): void {
    if (this.#driver !== null && this.#driver.exitCode === null && this.#driver.signalCode === null)
      return;
    this.deaths += 1;
    this.#start();
  }

  async begin(variables: Record<string, string>): Promise<void> {
    this.#start(variables);
    await until("the driver registers", async () => {
      this.#restartIfDead();
      await unary({ socket: this.#sockets.registration, method: getInfo, asked: {}, timeLimitMs });
      return true;
    });
  }

  async ask(method: typeof prepare | typeof unprepare): Promise<void> {
    await until(`${method.path} is done`, async () => {
      this.#restartIfDead();
      const call = {
        socket: this.#sockets.plugin,
        method: method as typeof unprepare,
        timeLimitMs,
      };
      try {
        const answer = (await unary({ ...call, asked: { claims: [claim] } })).claims[claim.uid];
        if (answer?.error !== "") this.errors += 1;
        return answer?.error === "";
      } catch (error) {
        if (error instanceof CallError) return false;
        throw error;
      }
    });
  }

  recorded(): unknown[] {
    using ledger = openLedger({ dir: join(this.folder, "data"), bootId: "boot" });
    return ledger.allClaims().map(({ podUid, device, rateBits }) => [podUid, device, rateBits]);
  }

  async end(): Promise<void> {
    this.#restartIfDead();
    await until("the driver has ended", async () => {
      this.#driver?.kill("SIGTERM");
      await Promise.race([this.#driver?.exited, Bun.sleep(50)]);
      return this.#driver?.exitCode !== null || this.#driver.signalCode !== null;
    });
  }

  get sockets(): string[] {
    return Object.values(this.#sockets).filter((path) => existsSync(path));
  }

  [Symbol.dispose](): void {
    this.#driver?.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function play(
  variables: Record<string, string>,
): Promise<Pick<Kubelet, "deaths" | "errors">> {
  using kubelet = new Kubelet();
  await kubelet.begin(variables);
  await kubelet.ask(prepare);
  expect(kubelet.recorded()).toEqual([
    ["pod-1", "egress-eth0", 200_000_000],
    ["pod-1", "ingress-eth0", 200_000_000],
  ]);
  await kubelet.ask(unprepare);
  expect(kubelet.recorded()).toEqual([]);
  await kubelet.end();
  return { deaths: kubelet.deaths, errors: kubelet.errors };
}

test("nothing is recorded twice, and nothing is left", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fairway-dra-"));
  const log = join(folder, "effects");
  try {
    expect(await play({ FAIRWAY_FAULT_LOG: log })).toEqual({ deaths: 0, errors: 0 });
    const effects = readFileSync(log, "utf8").trimEnd().split("\n");
    const tries = effects.flatMap((line, index) => {
      const [kind = ""] = line.split("\t");
      const faults = ["kill-before", "kill-after", ...(faultsOf[kind] ?? [])];
      return faults.map((fault) => ({ line, at: index + 1, fault }));
    });
    const struck = { deaths: 0, errors: 0 };
    const left = tries.values();
    const playAll = async (): Promise<void> => {
      for (const { line, at, fault } of left) {
        const faulty = { FAIRWAY_FAULT_AT: String(at), FAIRWAY_FAULT_AS: fault };
        const outcome = await play(faulty).catch((error: unknown) => {
          throw new Error(`effect ${at} (${line}) as ${fault}: ${error}`, { cause: error });
        });
        struck.deaths += outcome.deaths;
        struck.errors += outcome.errors;
      }
    };
    // Most of a try is waiting.
    await Promise.all(Array.from({ length: atOnce }, playAll));
    console.log(`${effects.length} effects, ${tries.length} tries: ${JSON.stringify(struck)}`);
    expect(struck.deaths).toBeGreaterThan(effects.length);
    expect(struck.errors).toBeGreaterThan(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 240_000);
