import { describe, expect, test } from "bun:test";
import { parseCidr } from "../../src/config/addresses.ts";
import { parseCleanupConfig } from "../../src/config/cleanup.ts";
import { parseNetworkConfig } from "../../src/promise/network-config.ts";
import { configWith, errorOf } from "./support.ts";

const supported = '["0.3.0" "0.3.1" "0.4.0" "1.0.0" "1.1.0"]';

describe("a configuration", () => {
  test("with the least that is valid gets the defaults", () => {
    const subnet = parseCidr("10.244.1.0/24", "subnet");
    expect(parseNetworkConfig(configWith())).toEqual({
      cniVersion: "1.0.0",
      name: "pods",
      chained: false,
      bridge: "fw0",
      mtuBytes: null,
      ipMasq: false,
      ipMasqExcept: [],
      uplink: {
        name: null,
        egressCapacityBits: null,
        ingressCapacityBits: null,
        reserve: { kind: "percent", percent: 5 },
        gsoMaxBytes: null,
        policesHost: true,
      },
      hostClasses: [],
      tiers: {},
      defaultTier: null,
      policy: null,
      antiSpoof: true,
      overcommit: "reject",
      ipam: {
        delegate: null,
        pools: {},
        stickyMs: null,
        resolvConf: null,
        sets: [
          [
            {
              subnet,
              first: subnet.base + 2n,
              last: subnet.base + 254n,
              gateway: { family: 4, value: subnet.base + 1n },
            },
          ],
        ],
        exclude: [],
        routes: [],
      },
      dns: null,
      dataDir: "/var/lib/fairway",
      log: { file: null, level: "info" },
      runtime: { podAnnotations: {}, bandwidth: null, ips: [], ipRanges: [], mac: null },
      prevResult: null,
    });
  });

  test("with all keys", () => {
    const dns = { nameservers: ["198.18.0.53"] };
    const prevResult = { cniVersion: "1.0.0", interfaces: [] };
    const config = parseNetworkConfig(
      configWith({
        capabilities: { bandwidth: true },
        bridge: "pods0",
        mtu: 9000,
        ipMasq: true,
        ipMasqExcept: ["10.244.0.0/16"],
        antiSpoof: false,
        overcommit: "reject",
        uplink: {
          name: "eth0.100",
          egressCapacity: "10G",
          ingressCapacity: 9_500_000_000,
          reserve: "100M",
        },
        tiers: {
          high: {
            egressGuarantee: "500M",
            ingressGuarantee: "400M",
            ingressLimit: "400M",
            egressBurst: "128Ki",
            latencyTarget: "1ms",
          },
          "best-effort": { egressLimit: 1e9, ingressBurst: 64_000 },
        },
        defaultTier: "best-effort",
        dataDir: "/srv/fairway",
        logFile: "/var/log/fairway.log",
        logLevel: "debug",
        dns,
        prevResult,
        args: null,
        runtimeConfig: null,
        "cni.dev/valid-attachments": null,
        "cni.dev/attachments": [],
      }),
    );
    expect(config).toMatchObject({
      bridge: "pods0",
      mtuBytes: 9000,
      ipMasq: true,
      ipMasqExcept: [parseCidr("10.244.0.0/16", "except")],
      antiSpoof: false,
      uplink: {
        name: "eth0.100",
        egressCapacityBits: 10e9,
        ingressCapacityBits: 9.5e9,
        reserve: { kind: "rate", bits: 100e6 },
      },
      tiers: {
        high: {
          egress: { guaranteeBits: 500e6, burst: { kind: "size", bytes: 131_072 } },
          ingress: { guaranteeBits: 400e6, limitBits: 400e6 },
          latencyTargetUs: 1_000,
        },
        "best-effort": {
          egress: { limitBits: 1e9 },
          ingress: { burst: { kind: "size", bytes: 64_000 } },
        },
      },
      defaultTier: "best-effort",
      dataDir: "/srv/fairway",
      log: { file: "/var/log/fairway.log", level: "debug" },
      dns,
      prevResult,
    });
  });

  test("a tier has only the fields that were given", () => {
    const { tiers } = parseNetworkConfig(configWith({ tiers: { a: { egressLimit: "1M" } } }));
    expect(tiers).toStrictEqual({ a: { egress: { limitBits: 1e6 }, ingress: {} } });
  });

  test.each([[null], [[]], ["{}"], [5], [undefined]])("%p is no configuration", (raw) => {
    expect(errorOf(() => parseNetworkConfig(raw)).kind).toBe("decode");
    expect(errorOf(() => parseCleanupConfig(raw)).kind).toBe("decode");
  });
});

describe("what is wrong is named, with what to do", () => {
  test.each<[string, Record<string, unknown>, string, string | undefined]>([
    ["an unknown key", { brige: "fw0" }, "brige: unknown key", 'Did you mean "bridge"?'],
    [
      "an unknown key in a tier",
      { tiers: { high: { egressGarantee: "1M" } } },
      "tiers.high.egressGarantee: unknown key",
      'Did you mean "egressGuarantee"?',
    ],
    [
      "an unknown key in the uplink",
      { uplink: { nme: "eth0" } },
      "uplink.nme: unknown key",
      "Known: name, egressCapacity, ingressCapacity, reserve, policeHost, gsoMaxSize.",
    ],
    [
      "an ipam key at the top",
      { subnet: "10.244.2.0/24" },
      "subnet: unknown key",
      '"subnet" belongs in "ipam"',
    ],
    [
      "an uplink key at the top",
      { reserve: "5%" },
      "reserve: unknown key",
      '"reserve" belongs in "uplink".',
    ],
    [
      "a tier's key at the top",
      { egressGuarantee: "5M" },
      "egressGuarantee: unknown key",
      '"egressGuarantee" belongs in "hostClasses.NAME" or in "tiers.NAME".',
    ],
    [
      "a top key in ipam",
      { ipam: { subnet: "10.244.1.0/24", mtu: 1500 } },
      "ipam.mtu: unknown key",
      '"mtu" belongs at the top of the plugin or in "ipam.routes[]".',
    ],
    ["the bridge plugin's key", { isGateway: true }, "isGateway: unknown key", "always holds"],
    [
      "the bandwidth plugin's key",
      { egressRate: 1_000_000 },
      "egressRate: unknown key",
      "egressLimit",
    ],
    ["a key of every object", { constructor: 1 }, "constructor: unknown key", "Known: "],
    ["a wrong type", { mtu: "1500" }, 'mtu: has to be a whole number, found "1500"', undefined],
    ["a fraction", { mtu: 1500.5 }, "mtu: has to be a whole number, found 1500.5", undefined],
    ["null", { bridge: null }, "bridge: has to be a string, found null", undefined],
    [
      "a rate of the wrong type",
      { uplink: { egressCapacity: true } },
      "uplink.egressCapacity: has to be a string or a number, found true",
      undefined,
    ],
    ["tiers as a list", { tiers: [] }, "tiers: has to be an object, found []", undefined],
    ["a small MTU", { mtu: 575 }, "mtu: 575 is below 576", undefined],
    ["a large MTU", { mtu: 65_536 }, "mtu: 65536 is above 65535", undefined],
    [
      "a log level",
      { logLevel: "loud" },
      'logLevel: "loud" is not "debug" or "info" or "warn" or "error" or "silent"',
      undefined,
    ],
    ["a relative path", { dataDir: "fairway" }, 'dataDir: "fairway" is not an absolute path', "/"],
    ["a relative log file", { logFile: "x.log" }, 'logFile: "x.log" is not an absolute path', "/"],
    [
      "an interface's name",
      { bridge: "sixteen-bytes-xx" },
      'bridge: "sixteen-bytes-xx" cannot name an interface',
      "1 to 15 bytes",
    ],
    [
      "a capacity of nothing",
      { uplink: { egressCapacity: 0 } },
      "uplink.egressCapacity: 0 would let nothing pass",
      "bits per second",
    ],
    [
      "a masquerade exception with host bits",
      { ipMasqExcept: ["10.244.0.0/16", "10.96.0.1/12"] },
      'ipMasqExcept[1]: "10.96.0.1/12" is an address in a network',
      "10.96.0.0/12",
    ],
    [
      "a tier's name",
      { tiers: { "a b": {} } },
      'tiers.a b: "a b" cannot name a tier',
      "begins with",
    ],
  ])("%s", (_, keys, msg, details) => {
    const error = errorOf(() => parseNetworkConfig(configWith(keys)));
    expect(error.kind).toBe("badConfig");
    expect(error.message).toStartWith(msg);
    expect(error.message).not.toContain("errors)");
    if (details === undefined) expect(error.details).toContain("docs/config.md");
    else expect(error.details).toContain(details);
  });

  test("a tier cannot be the prototype of all objects", () => {
    const raw = JSON.parse(
      JSON.stringify(configWith()).replace(/}$/, ',"tiers":{"__proto__":{}}}'),
    );
    expect(() => parseNetworkConfig(raw)).toThrow('"__proto__" cannot name a tier');
  });

  test.each(["", ".", "..", "a/b", "a:b", "a b", "é".repeat(8), "a\tb"])(
    "%p cannot name an interface",
    (name) => {
      expect(() => parseNetworkConfig(configWith({ uplink: { name } }))).toThrow("uplink.name: ");
    },
  );

  test.each(["a", "fifteen-bytes-x", "é".repeat(7), "eth0.100", "..."])(
    "%p can name an interface",
    (name) => {
      expect(parseNetworkConfig(configWith({ uplink: { name } })).uplink.name).toBe(name);
    },
  );

  test("all at once, each once", () => {
    const error = errorOf(() =>
      parseNetworkConfig(
        configWith({
          name: undefined,
          brige: "fw0",
          mtu: "big",
          uplink: { egressCapacity: "10Q", reserve: "200%" },
          tiers: { high: { egressGuarantee: "2G", egressLimit: "1G" } },
          defaultTier: "low",
          ipam: { subnet: "10.244.1.0/24", gateway: "10.244.2.1" },
          runtimeConfig: { mac: "01:00:5e:00:00:01" },
        }),
      ),
    );
    expect(error.message.split("; ")).toEqual([
      "name: missing network name",
      "brige: unknown key",
      'mtu: has to be a whole number, found "big"',
      'uplink.egressCapacity: "10Q" is not a rate',
      'uplink.reserve: "200%" is not a percentage from 0 to below 100',
      'runtimeConfig.mac: "01:00:5e:00:00:01" is a multicast address',
      "ipam.gateway: 10.244.2.1 lies outside 10.244.1.0/24",
      "tiers.high.egressGuarantee: 2G is above egressLimit (1G)",
      'defaultTier: "low" is not in tiers (9 errors)',
    ]);
    expect(error.details).toContain('Did you mean "bridge"?');
    expect(error.details).toContain("Known: high.");
  });
});

test("a value of the wrong type is just that", () => {
  expect(() => parseNetworkConfig(configWith({ antiSpoof: "yes" }))).toThrow(
    'antiSpoof: has to be true or false, found "yes"',
  );
});

describe("name and version", () => {
  test.each<[string, unknown]>([
    ["absent", undefined],
    ["the first", "0.1.0"],
    ["0.2.0", "0.2.0"],
    ["one to come", "1.2.0"],
    ["not exact", "1.0"],
    ["with a v", "v1.0.0"],
  ])("a version that is %s is incompatible, for ADD and DEL", (_, cniVersion) => {
    for (const parse of [parseNetworkConfig, parseCleanupConfig]) {
      const error = errorOf(() => parse(configWith({ cniVersion })));
      expect(error.code).toBe(1);
      expect(error.message).toBe("incompatible CNI versions");
      expect(error.details).toBe(
        `config is "${cniVersion ?? "0.1.0"}", plugin supports ${supported}`,
      );
    }
  });

  test.each(["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])("%s is supported", (cniVersion) => {
    expect(parseNetworkConfig(configWith({ cniVersion }))).toMatchObject({ cniVersion });
    expect(parseCleanupConfig(configWith({ cniVersion }))).toMatchObject({ cniVersion });
  });

  test("a wrong version ends all other questions but the name's", () => {
    const wrong = { cniVersion: "9.9.9", mtu: 1 };
    expect(errorOf(() => parseNetworkConfig(configWith(wrong))).code).toBe(1);
    expect(errorOf(() => parseNetworkConfig(configWith({ ...wrong, name: "" }))).code).toBe(7);
  });

  test.each([undefined, "", "-pods", "a b", "a/b", "é", 5, null])("name %p", (name) => {
    for (const parse of [parseNetworkConfig, parseCleanupConfig]) {
      const error = errorOf(() => parse(configWith({ name })));
      expect(error.code).toBe(7);
      expect(error.message).toStartWith("name: ");
    }
  });

  test.each(["pods", "a", "9.net_work-x"])("name %p", (name) => {
    expect(parseNetworkConfig(configWith({ name })).name).toBe(name);
  });
});

describe("what DEL needs", () => {
  const defaults = {
    dataDir: "/var/lib/fairway",
    log: { file: null, level: "info" },
    delegate: null,
  };
  test.each<[string, Record<string, unknown>, object]>([
    ["nothing but a name", { ipam: undefined }, defaults],
    ["nonsense elsewhere", { mtu: "x", tiers: 5, ipam: [], bridge: "a/b", what: 1 }, defaults],
    [
      "its own keys",
      { dataDir: "/srv/f", logFile: "/l", logLevel: "error" },
      { dataDir: "/srv/f", log: { file: "/l", level: "error" }, delegate: null },
    ],
    [
      "the plugin that gave the addresses",
      { ipam: { type: "host-local", what: 1 } },
      { ...defaults, delegate: "host-local" },
    ],
    ["no path in place of its name", { ipam: { type: "../evil" } }, defaults],
    ["our own IPAM under its other name", { ipam: { type: "fairway-ipam" } }, defaults],
    ["nonsense for its name", { ipam: { type: 7 } }, defaults],
    ["its own keys, unfit", { dataDir: "x", logFile: 5, logLevel: "loud" }, defaults],
    ["keys of the wrong type", { dataDir: ["/x"], logFile: null, logLevel: 7 }, defaults],
  ])("%s", (_, keys, expected) => {
    expect(parseCleanupConfig(configWith(keys))).toEqual({
      cniVersion: "1.0.0",
      name: "pods",
      ...expected,
    } as ReturnType<typeof parseCleanupConfig>);
  });
});
