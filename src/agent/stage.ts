/**
 * A node and a pod that are nobody's: two network namespaces and a ledger, in which verbs are played as a
 * runtime asks for them. They go when the stage is disposed of, and with this process.
 */
import { closeSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { RawConfig } from "../cni/request.ts";
import { pluginName } from "../config/plugin-name.ts";
import { isObject } from "../config/section.ts";
import { effect } from "../effect.ts";
import { FairwayError } from "../errors.ts";
import { applyAlone } from "../kernel/apply.ts";
import { inNetns, newNetns } from "../kernel/netns.ts";
import { withKeeper } from "../node/facts/open.ts";
import type { Uplink } from "../node/facts/uplink.ts";
import { baseOwner } from "../plan/state.ts";
import { KeptLedgers } from "./kept-ledgers.ts";
import { playVerb } from "./serve-verb.ts";

/** The names of the ledgers' folders begin so. One that was left by an agent that died is nobody's. */
export const stagePrefix = "stage-";

/** A descriptor as a path that this process's children can open as well. */
const pathOf = (fd: number): string => `/proc/${process.pid}/fd/${fd}`;

/** Its far end is in the pod's namespace, where nothing is sent. */
function makeUplink({ name }: Uplink, netns: string): void {
  const want = { kind: "veth", name, netns, ifname: "uplink" } as const;
  const refused = applyAlone({
    op: "create",
    owner: baseOwner,
    want,
    have: null,
    why: "rehearsed",
  });
  if (refused !== null) throw refused;
}

/** Without the bandwidth capability no runtime says what a pod may take. */
const promised = { ingressRate: 1e6, ingressBurst: 1e6, egressRate: 1e6, egressBurst: 1e6 };

const takesBandwidth = ({ capabilities }: RawConfig): boolean =>
  isObject(capabilities) && capabilities.bandwidth === true;

export class Stage implements Disposable {
  readonly #folder: string;
  readonly #node = newNetns();
  readonly #pod = newNetns();
  readonly #config: RawConfig;
  #result: unknown;
  readonly #ledgers = new KeptLedgers((file) => {
    throw new FairwayError("io", `${file} was cut while a verb was rehearsed`);
  });

  /** `parent` is a folder of this process's own. Throws FairwayError, and what making a folder throws. */
  constructor(parent: string, raw: RawConfig, uplink: Uplink) {
    this.#folder = effect("file", "make a stage", () => mkdtempSync(join(parent, stagePrefix)));
    const { logFile: _, ...rest } = raw;
    this.#config = {
      ...rest,
      dataDir: this.#folder,
      uplink: {
        ...(isObject(raw.uplink) ? raw.uplink : {}),
        name: uplink.name,
        egressCapacity: `${uplink.egressCapacityBits}`,
        ingressCapacity: `${uplink.ingressCapacityBits}`,
      },
      ...(takesBandwidth(raw) && { runtimeConfig: { bandwidth: promised } }),
    };
    inNetns(pathOf(this.#node), () => makeUplink(uplink, pathOf(this.#pod)));
  }

  /** Whether the verb succeeded. A CHECK and a DEL are of the pod that was added last. */
  play(verb: "ADD" | "CHECK" | "DEL"): boolean {
    const env = {
      CNI_COMMAND: verb,
      CNI_CONTAINERID: "nobody",
      CNI_NETNS: pathOf(this.#pod),
      CNI_IFNAME: "eth0",
      CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAMESPACE=nowhere;K8S_POD_NAME=nobody",
      CNI_PATH: "/nowhere",
    };
    const result = verb === "ADD" ? {} : { prevResult: this.#result };
    const config = { type: pluginName, ...this.#config, ...result };
    const call = { isIpam: false, env, stdin: Buffer.from(JSON.stringify(config)) };
    const played = inNetns(pathOf(this.#node), () =>
      withKeeper(this.#ledgers.give, () => playVerb(call)),
    );
    if (played.state !== "ended" || played.exitCode !== 0) return false;
    if (verb === "ADD") this.#result = JSON.parse(played.stdout);
    return true;
  }

  [Symbol.dispose](): void {
    this.#ledgers[Symbol.dispose]();
    closeSync(this.#node);
    closeSync(this.#pod);
    effect("file", "take a stage away", () => rmSync(this.#folder, { recursive: true }));
  }
}
