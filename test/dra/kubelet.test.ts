/** What a kubelet does: it finds the registration's socket, and asks the driver over gRPC. The ledger is a real one. */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClaimAsked } from "../../src/dra/claim.ts";
import { Driver } from "../../src/dra/driver.ts";
import { type KubeletOptions, serveKubelet, socketsIn } from "../../src/dra/kubelet.ts";
import { getInfo, notifyStatus, plugins } from "../../src/dra/services.ts";
import { CallError, unary } from "../../src/grpc/call.ts";
import { KubeError } from "../../src/kube/kube-error.ts";
import { type Ledger, openLedger } from "../../src/ledger/ledger.ts";
import { until } from "../support/until.ts";
import { claimWith, result } from "./claims.ts";

const asked: ClaimAsked = { namespace: "shop", name: "web-egress", uid: "claim-1" };
const path = "/apis/resource.k8s.io/v1/namespaces/shop/resourceclaims/";
const timeLimitMs = 5_000;

let folder: string;
let ledger: Ledger | null;
/** What the API server has, by path; an error is thrown. */
let objects: Map<string, unknown>;
let ending: AbortController;
let refused: string[];
let registered: (string | null)[];
let served: Promise<void>[];

const opened = (): Ledger => {
  ledger ??= openLedger({ dir: join(folder, "data"), bootId: "boot", busyTimeoutMs: 0 });
  return ledger;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fairway-dra-"));
  mkdirSync(join(folder, "kubelet"));
  [ledger, objects, ending] = [
    null,
    new Map([[`${path}web-egress`, claimWith()]]),
    new AbortController(),
  ];
  [refused, registered, served] = [[], [], []];
});

afterEach(async () => {
  ending.abort();
  await Promise.all(served);
  ledger?.close();
  rmSync(folder, { recursive: true, force: true });
});

const inodeOf = (path: string): number | null =>
  statSync(path, { throwIfNoEntry: false })?.ino ?? null;

const sockets = () => socketsIn(join(folder, "kubelet"));

const optionsOf = (signal: AbortSignal): KubeletOptions => ({
  ...{ kubeletDir: join(folder, "kubelet"), node: "node1", signal },
  driver: new Driver({
    node: "node1",
    client: {
      ask: async (ask) => {
        const found = objects.get(ask.path);
        if (found instanceof Error) throw found;
        if (found === undefined) throw new KubeError(404, "NotFound", "no such claim");
        return found;
      },
    },
    inLedger: (use) => use(opened()),
    ledgerIfThere: () => ledger,
  }),
  health: () => [],
  onServed: () => {},
  onRegistered: (trouble) => registered.push(trouble),
  onRefused: (_, words) => refused.push(words),
  onDefect: (error) => {
    throw error;
  },
});

async function serving(signal = ending.signal): Promise<void> {
  const before = inodeOf(sockets().registration);
  served.push(serveKubelet(optionsOf(signal)));
  await until(
    "the driver is served",
    () => ![null, before].includes(inodeOf(sockets().registration)),
  );
}

const ask = async (
  verb: "prepare" | "unprepare",
  claims = [asked],
  version: keyof typeof plugins = "v1.DRAPlugin",
) =>
  (
    await unary({
      ...{ socket: sockets().plugin, timeLimitMs, asked: { claims } },
      method: plugins[version][verb] as (typeof plugins)["v1.DRAPlugin"]["prepare"],
    })
  ).claims;

const device = {
  ...{ requestNames: ["egress"], poolName: "node1", deviceName: "egress-eth0" },
  ...{ cdiDeviceIds: [], shareId: "share-1" },
};

test("the kubelet is told the driver's name, its socket and its services", async () => {
  await serving();
  const socket = sockets().registration;
  expect(await unary({ socket, method: getInfo, asked: {}, timeLimitMs })).toEqual({
    ...{ type: "DRAPlugin", name: "fairway.dev", endpoint: sockets().plugin },
    supportedVersions: [
      ...["v1.DRAPlugin", "v1beta1.DRAPlugin"],
      ...["v1.DRAResourceHealth", "v1alpha1.DRAResourceHealth"],
    ],
  });
  const says = { pluginRegistered: false, error: "no such version" };
  await unary({ socket, method: notifyStatus, asked: says, timeLimitMs });
  await unary({
    socket,
    method: notifyStatus,
    asked: { ...says, pluginRegistered: true },
    timeLimitMs,
  });
  expect(registered).toEqual(["no such version", null]);
  for (const each of Object.values(sockets())) expect(statSync(each).mode & 0o777).toBe(0o600);
});

test.each(["v1.DRAPlugin", "v1beta1.DRAPlugin"] as const)(
  "a claim is prepared and taken back, each twice, by %s",
  async (version) => {
    await serving();
    for (const _ of [1, 2]) {
      const { "claim-1": answer } = await ask("prepare", [asked], version);
      expect(answer).toEqual({ devices: [device], error: "" });
      const [share] = opened().claimsOfPod("pod-1");
      expect(share).toMatchObject({ claimUid: "claim-1", rateBits: 200_000_000, uplink: "eth0" });
      expect(opened().allClaims()).toHaveLength(1);
    }
    for (const _ of [1, 2]) {
      expect((await ask("unprepare", [asked], version))["claim-1"]?.error).toBe("");
      expect(opened().allClaims()).toEqual([]);
    }
  },
);

test("what is taken back without having been prepared makes no ledger", async () => {
  await serving();
  expect((await ask("unprepare"))["claim-1"]?.error).toBe("");
  expect(readdirSync(folder)).toEqual(["kubelet"]);
});

describe("each claim has its own answer", () => {
  const other = { namespace: "shop", name: "other", uid: "claim-2" };
  const rows: [string, unknown, string][] = [
    ["deleted", undefined, "claim shop/other has been deleted"],
    ["made anew", claimWith({ uid: "claim-3" }), "the API server has one of uid claim-3"],
    [
      "another node's",
      claimWith({ uid: "claim-2", results: [result({ pool: "node2" })] }),
      "of node node2",
    ],
    ["not to be had", new KubeError(null, "Unreachable", "refused"), "the API server did not tell"],
    ["forbidden", new KubeError(403, "Forbidden", "not yours"), "not yours"],
  ];
  test.each(rows)("one is %s", async (_, found, words) => {
    if (found !== undefined) objects.set(`${path}other`, found);
    await serving();
    const { "claim-1": good, "claim-2": bad } = await ask("prepare", [asked, other]);
    expect(good).toMatchObject({ devices: [device], error: "" });
    expect(bad).toMatchObject({ devices: [], error: expect.stringContaining(words) });
    expect(refused).toEqual([expect.stringContaining(words)]);
    expect(
      opened()
        .allClaims()
        .map(({ claimUid }) => claimUid),
    ).toEqual(["claim-1"]);
  });
});

test("a claim that is recorded stays as it was where it is refused later", async () => {
  await serving();
  await ask("prepare");
  objects.delete(`${path}web-egress`);
  expect((await ask("prepare"))["claim-1"]?.error).toContain("has been deleted");
  expect(opened().claimsOfPod("pod-1")).toHaveLength(1);
});

test("another has the ledger's lock for a moment: it is waited for", async () => {
  await serving();
  await ask("prepare");
  const other = new Database(opened().file);
  other.run("BEGIN IMMEDIATE");
  const answer = ask("unprepare");
  await Bun.sleep(200);
  expect(opened().allClaims()).toHaveLength(1);
  other.run("COMMIT");
  other.close();
  expect((await answer)["claim-1"]?.error).toBe("");
  expect(opened().allClaims()).toEqual([]);
});

test("the sockets go with the driver, and another's in their place stay", async () => {
  const first = new AbortController();
  await serving(first.signal);
  // A second agent, as during a restart: it takes the place, and the first leaves that alone.
  await serving();
  const inode = inodeOf(sockets().plugin);
  first.abort();
  await served[0];
  expect(inodeOf(sockets().plugin)).toBe(inode);
  expect((await ask("prepare"))["claim-1"]?.error).toBe("");
  ending.abort();
  await Promise.all(served);
  for (const each of Object.values(sockets())) expect(existsSync(each)).toBe(false);
  await expect(ask("prepare")).rejects.toThrow(CallError);
});

test("a socket that somebody removes is made anew", async () => {
  await serving();
  rmSync(sockets().registration);
  await until("it is there again", () => existsSync(sockets().registration));
  expect((await ask("prepare"))["claim-1"]?.error).toBe("");
});

test("a socket that nobody listens on is replaced", async () => {
  const dead = Bun.listen({ unix: join(folder, "dead.sock"), socket: { data() {} } });
  mkdirSync(join(folder, "kubelet/plugins/fairway.dev"), { recursive: true });
  Bun.spawnSync(["cp", "--archive", join(folder, "dead.sock"), sockets().plugin]);
  dead.stop(true);
  await serving();
  expect((await ask("prepare"))["claim-1"]?.error).toBe("");
});

test("without the kubelet's folder nothing is made", async () => {
  rmSync(join(folder, "kubelet"), { recursive: true });
  await expect(serveKubelet(optionsOf(ending.signal))).rejects.toThrow("there is no");
  expect(readdirSync(folder)).toEqual([]);
});
