/** The driver's two sockets below the kubelet's folder: by the one it is registered, by the other it is asked. */

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { effect } from "../effect.ts";
import { FairwayError, orFail } from "../errors.ts";
import { GrpcServer, wordsOf } from "../grpc/server.ts";
import { sleep } from "../kube/follow.ts";
import { folderOf } from "../paths.ts";
import type { ClaimAsked } from "./claim.ts";
import type { Driver } from "./driver.ts";
import { driverName, poolName } from "./names.ts";
import {
  type DeviceHealth,
  getInfo,
  healths,
  notifyStatus,
  type PrepareResponse,
  plugins,
  type UnprepareResponse,
} from "./services.ts";

export interface KubeletOptions {
  /** Such as /var/lib/kubelet. */
  kubeletDir: string;
  /** The name of the Node. */
  node: string;
  driver: Driver;
  /** All devices of this node. */
  health: () => DeviceHealth[];
  /** The sockets are there. */
  onServed(): void;
  /** Tells why the kubelet did not take the driver; null means that it has. */
  onRegistered(trouble: string | null): void;
  /** Tells why a claim was not prepared, or not taken back. */
  onRefused(claim: ClaimAsked, words: string): void;
  onDefect(error: unknown): void;
  /** The services end when this is aborted. */
  signal: AbortSignal;
}

export const socketsIn = (kubeletDir: string) => ({
  registration: join(kubeletDir, "plugins_registry", `${driverName}-reg.sock`),
  plugin: join(kubeletDir, "plugins", driverName, "dra.sock"),
});

const folderMode = 0o750;
/** Before the kubelet takes what it was told for outdated (30 s: DefaultHealthTimeout of its pkg/kubelet/cm/dra). */
const healthMs = 10_000;
/** How often it is looked whether the sockets are still there. */
const glanceMs = 5_000;

function makeFolder(folder: string): void {
  orFail(
    "io",
    `cannot make ${folder}`,
    "run as root, and give the kubelet's folder as --kubelet-dir",
    () =>
      effect("file", `make ${folder}`, () =>
        mkdirSync(folder, { recursive: true, mode: folderMode }),
      ),
  );
}

/** `request/subrequest` of a list of alternatives is known to the kubelet by the request alone. */
const requestOf = (request: string): string => request.split("/", 1).join("");

async function prepare(
  { driver, node, onRefused }: KubeletOptions,
  claims: readonly ClaimAsked[],
  signal: AbortSignal,
): Promise<PrepareResponse> {
  const answers = claims.map(
    async (claim): Promise<[string, PrepareResponse["claims"][string]]> => {
      try {
        const shares = await driver.prepare(claim, signal);
        const devices = shares.map(({ request, device, shareId }) => ({
          requestNames: [requestOf(request)],
          ...{ poolName: poolName(node), deviceName: device },
          ...(shareId !== null && { shareId }),
        }));
        return [claim.uid, { devices }];
      } catch (error) {
        return [claim.uid, { error: refusal(error, claim, onRefused) }];
      }
    },
  );
  return { claims: Object.fromEntries(await Promise.all(answers)) };
}

async function unprepare(
  { driver, onRefused }: KubeletOptions,
  claims: readonly ClaimAsked[],
): Promise<UnprepareResponse> {
  const answers = claims.map(async (claim): Promise<[string, { error?: string }]> => {
    try {
      await driver.unprepare(claim);
      return [claim.uid, {}];
    } catch (error) {
      return [claim.uid, { error: refusal(error, claim, onRefused) }];
    }
  });
  return { claims: Object.fromEntries(await Promise.all(answers)) };
}

/** In words. What is no FairwayError is a defect of ours. */
function refusal(
  error: unknown,
  claim: ClaimAsked,
  onRefused: KubeletOptions["onRefused"],
): string {
  if (!(error instanceof FairwayError)) throw error;
  const words = wordsOf(error);
  onRefused(claim, words);
  return words;
}

function pluginServer(options: KubeletOptions): GrpcServer {
  const server = new GrpcServer(options.onDefect);
  for (const methods of Object.values(plugins)) {
    server.unary(methods.prepare, ({ claims }, signal) => prepare(options, claims, signal));
    server.unary(methods.unprepare, ({ claims }) => unprepare(options, claims));
  }
  for (const method of Object.values(healths))
    server.stream(method, async (_, send, signal) => {
      while (!signal.aborted && !options.signal.aborted) {
        send({ devices: options.health() });
        await sleep(healthMs, AbortSignal.any([signal, options.signal]));
      }
    });
  return server;
}

function registrationServer({ kubeletDir, onRegistered, onDefect }: KubeletOptions): GrpcServer {
  const server = new GrpcServer(onDefect);
  server.unary(getInfo, async () => ({
    type: "DRAPlugin",
    name: driverName,
    endpoint: socketsIn(kubeletDir).plugin,
    supportedVersions: [...Object.keys(plugins), ...Object.keys(healths)],
  }));
  server.unary(notifyStatus, async ({ pluginRegistered, error }) => {
    onRegistered(pluginRegistered ? null : error);
    return {};
  });
  return server;
}

interface Served extends AsyncDisposable {
  /** Whether one of the sockets is. */
  isGone(): boolean;
}

/** The driver can be asked before the kubelet hears of it, and is not heard of any more before it ends. Throws io. */
async function serve(options: KubeletOptions): Promise<Served> {
  const sockets = socketsIn(options.kubeletDir);
  for (const path of Object.values(sockets)) makeFolder(folderOf(path));
  const [plugin, registration] = [pluginServer(options), registrationServer(options)];
  await plugin.listen(sockets.plugin);
  try {
    await registration.listen(sockets.registration);
  } catch (error) {
    await plugin.close();
    throw error;
  }
  return {
    isGone: () => plugin.isGone || registration.isGone,
    [Symbol.asyncDispose]: async () => {
      await registration.close();
      await plugin.close();
    },
  };
}

/**
 * Serves until `signal` is aborted. Sockets that somebody has removed are made anew. A kubelet that starts again finds the
 * registration's socket by itself. Throws io.
 */
export async function serveKubelet(options: KubeletOptions): Promise<void> {
  const { kubeletDir, signal } = options;
  if (!existsSync(kubeletDir))
    throw new FairwayError(
      "io",
      `--dra needs the kubelet's folder, and there is no ${kubeletDir}`,
      "give --kubelet-dir the folder that the kubelet has as its --root-dir",
    );
  while (!signal.aborted) {
    await using served = await serve(options);
    options.onServed();
    while (!signal.aborted && !served.isGone()) await sleep(glanceMs, signal);
  }
}
