/**
 * Whatever is handed over: an answer, or a refusal with a code and words; no crash, no stack, and the
 * input as it was. FAIRWAY_FUZZ_INPUTS says how many in all (scripts/fuzz: 100,000).
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { readGranted } from "../../src/cni/delegate-result.ts";
import { validAttachments } from "../../src/cni/node-verbs.ts";
import { readPrevResult } from "../../src/cni/prev-result.ts";
import { readRequest } from "../../src/cni/request.ts";
import { addressAskOf } from "../../src/config/address-ask.ts";
import { parseCleanupConfig } from "../../src/config/cleanup.ts";
import { parseIpamCleanupConfig, parseIpamPluginConfig } from "../../src/config/ipam-plugin.ts";
import { faultOfInterfaceName } from "../../src/config/paths.ts";
import { networkBase } from "../../src/node/facts/network.ts";
import { readCached } from "../../src/ops/rebuild/cache.ts";
import { desiredBase } from "../../src/plan/desired.ts";
import { diff } from "../../src/plan/diff.ts";
import { linesOf } from "../../src/plan/render.ts";
import { promiseOf } from "../../src/promise/ask.ts";
import { parseNetworkConfig } from "../../src/promise/network-config.ts";
import { rulesOf } from "../../src/promise/policy.ts";
import {
  bent,
  bentEnvironment,
  bentGcList,
  bentResult,
  bentText,
  fullConfig,
  trickyValue,
} from "./arbitraries.ts";
import { holds } from "./holds.ts";

const inputs = Number(process.env.FAIRWAY_FUZZ_INPUTS ?? 2_000);
const config = fullConfig("/var/lib/fairway");
const remembered = {
  kind: "cniCacheV1",
  containerId: "a",
  config: Buffer.from(JSON.stringify({ name: "pods", plugins: [config] })).toString("base64"),
  ifName: "eth0",
  networkName: "pods",
  cniArgs: [["K8S_POD_NAME", "web"]],
  capabilityArgs: {},
  result: { cniVersion: "1.0.0", interfaces: [], ips: [] },
};

/** No line that a configuration leads to has what a tool would read as its own syntax. */
function expectPlainLines(parsed: ReturnType<typeof parseNetworkConfig>): void {
  for (const name of [parsed.bridge, parsed.uplink.name ?? "eth0"])
    expect(faultOfInterfaceName(name)).toBeNull();
  const { egressCapacityBits, ingressCapacityBits, name } = parsed.uplink;
  const base = networkBase(
    parsed,
    {
      name: name ?? "eth0",
      mtuBytes: 1500,
      egressCapacityBits: egressCapacityBits ?? 1e9,
      ingressCapacityBits: ingressCapacityBits ?? 1e9,
      wireBits: egressCapacityBits ?? 1e9,
      gsoMaxBytes: 65_536,
    },
    { kind: "bridge", name: parsed.bridge, owned: true },
  );
  const desired = desiredBase({ networks: [base], hostBits: 1e6, promisedIngressBits: 0 });
  for (const step of diff(desired, new Map()).steps)
    for (const { tool, text } of linesOf(step))
      if (tool !== "nft") expect(text).not.toMatch(/["'\\#`$;|&<>]|\n/);
}

interface Target {
  title: string;
  /** Of a hundred inputs. */
  share: number;
  input: fc.Arbitrary<unknown>;
  act: (input: never) => unknown;
  /** Of a thousand inputs at least so many are answered: else the generator says nothing but nonsense. */
  answered: number;
}

const target = <T>(
  title: string,
  share: number,
  answered: number,
  input: fc.Arbitrary<T>,
  act: (input: T) => unknown,
): Target => ({ title, share, answered, input, act });

const targets: Target[] = [
  target(
    "the request",
    15,
    100,
    fc.tuple(bentEnvironment, bentText(bent(config))),
    ([env, stdin]) => readRequest(env, stdin),
  ),
  target("the configuration", 25, 150, bent(config), (raw) =>
    expectPlainLines(parseNetworkConfig(raw)),
  ),
  target("the configuration of a DEL", 5, 500, bent(config), parseCleanupConfig),
  target(
    "the configuration of fairway-ipam",
    5,
    50,
    bent({ ...config, type: "bridge", ipam: { ...(config.ipam as object), type: "fairway-ipam" } }),
    (raw) => {
      parseIpamCleanupConfig(raw);
      parseIpamPluginConfig(raw);
    },
  ),
  target(
    "annotations and capabilities",
    20,
    10,
    bent(config.runtimeConfig as Record<string, unknown>),
    (runtimeConfig) => {
      const { runtime, tiers, defaultTier, policy, ipam } = parseNetworkConfig({
        ...config,
        runtimeConfig,
      });
      const { podAnnotations: annotations, bandwidth, ips } = runtime;
      const rules = policy === null ? null : rulesOf(policy, "shop");
      promiseOf({ annotations, bandwidth, tiers, defaultTier, rules });
      addressAskOf(ipam, { annotations, ips, arg: undefined });
    },
  ),
  target("prevResult", 10, 200, fc.oneof(bentResult, trickyValue), (raw) =>
    readPrevResult(raw, "1.1.0"),
  ),
  target("GC's list", 8, 200, bentGcList, validAttachments),
  target("a delegate's result", 6, 100, bentText(bentResult), (text) => readGranted(text, "other")),
];

test.each(targets)("$title", ({ share, input, act, answered }) => {
  const numRuns = Math.ceil((inputs * share) / 100);
  let count = 0;
  fc.assert(
    fc.property(input, (value) => {
      if (holds(value as never, act)) count += 1;
    }),
    { numRuns },
  );
  expect(count).toBeGreaterThanOrEqual(Math.floor((numRuns * answered) / 1000));
});

test("the runtime's cache: what is none is an error with words, never a crash", () => {
  fc.assert(
    fc.property(bentText(bent(remembered)), (text) => {
      try {
        readCached(text, "/var/lib/fairway");
      } catch (error) {
        // What is wrong with the file; that it is this file is told around it.
        expect(error).toBeInstanceOf(Error);
        expect(error).not.toBeInstanceOf(TypeError);
        expect(error).not.toBeInstanceOf(RangeError);
      }
    }),
    { numRuns: Math.ceil((inputs * 6) / 100) },
  );
});
