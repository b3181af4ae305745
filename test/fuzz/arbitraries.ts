/** Inputs that nobody means: what a runtime, a conflist and pods could hand over, bent at a few places. */
import fc from "fast-check";

type Json = Record<string, unknown>;

/** What shells, paths, JSON, tools and terminals read as theirs, and the edges of numbers. */
const trickyTexts = [
  ...["", " ", ".", "..", "../../etc/passwd", "/", "//", "a/b", "/dev/stdin", "/proc/self/mem"],
  ...["$(id)", "`id`", ";reboot", "a;b", "a|b", "a b", "a\tb", "a\nb", "a\u0000b", "\u001b[2J"],
  ...['"', "'", "\\", "#", "{", "}", "*", "%d", "%s%n", "-h", "--", "+x", "=", ";", "K=V;K=W"],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "null", "true", "[]", "{}"],
  ...["0", "-0", "-1", "1e999", "NaN", "Infinity", "0x10", "1_000", "1e-9", "9007199254740993"],
  ...["1G", "1Gi", "10Q", "-5M", "1.5", "1e3M", "999999999999999999999G", "1ms", "0us", "1h"],
  ...["198.19.1.0/24", "198.19.1.300", "0.0.0.0/0", "255.255.255.255/32", "1.2.3", "::", "::/0"],
  ...["fd00::/8", "fe80::1%eth0", "::ffff:1.2.3.4", "1.2.3.4/33", "fd00::/129", "0a:58:00:00:00"],
  ...["not found", "é".repeat(8), "\ud800", "\u202e", "🐟", "a".repeat(300), "9".repeat(400)],
];

const trickyText = fc.oneof(
  fc.constantFrom(...trickyTexts),
  fc.string({ unit: "binary", maxLength: 24 }),
  fc.ipV4(),
  fc.ipV6(),
);

const deep = (levels: number): unknown => {
  let value: unknown = 1;
  for (let n = 0; n < levels; n++) value = n % 2 === 0 ? [value] : { a: value };
  return value;
};

export const trickyValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: trickyText },
  {
    weight: 2,
    arbitrary: fc.constantFrom(null, true, false, 0, -1, 1.5, 1e308, 2 ** 53, 4294967296),
  },
  { weight: 1, arbitrary: fc.constantFrom([], {}, [[]], [null], { "": "" }, [[[]]]) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 60 }).map(deep) },
);

/** One change: where, by numbers that choose keys on the way down, and what. */
interface Bend {
  path: number[];
  how: "replace" | "delete" | "add" | "rename" | "double";
  key: string;
  value: unknown;
}

const bend: fc.Arbitrary<Bend> = fc.record({
  path: fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 5 }),
  how: fc.constantFrom("replace", "replace", "replace", "delete", "add", "rename", "double"),
  key: fc.oneof(trickyText, fc.constantFrom("mtu", "ipam", "uplink", "tiers", "policy", "dns")),
  value: trickyValue,
});

/** As JSON has them: "__proto__" is a key like any other. */
function put(target: Json | unknown[], key: string, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function apply(root: Json, { path, how, key, value: given }: Bend): void {
  // One of its own: what a later change reaches into may be the very value that it puts there.
  const value: unknown = JSON.parse(JSON.stringify(given));
  let at: Json | unknown[] = root;
  for (const [depth, choice] of path.entries()) {
    const keys = Object.keys(at);
    const chosen = keys[choice % Math.max(keys.length, 1)];
    const next = chosen === undefined ? undefined : (at as Json)[chosen];
    const isLast = depth === path.length - 1 || typeof next !== "object" || next === null;
    if (!isLast) {
      at = next as Json;
      continue;
    }
    if (how === "add" || chosen === undefined) {
      if (Array.isArray(at)) at.push(value);
      else put(at, key, value);
    } else if (how === "replace") put(at, chosen, value);
    else if (how === "delete") delete (at as Json)[chosen];
    else if (how === "double") put(at, chosen, [next, next]);
    else {
      delete (at as Json)[chosen];
      if (!Array.isArray(at)) put(at, key, next);
    }
    return;
  }
}

/** `valid` with up to `most` changes. */
export function bent(valid: Json, most = 3): fc.Arbitrary<Json> {
  return fc.array(bend, { minLength: 0, maxLength: most }).map((bends) => {
    const copy = JSON.parse(JSON.stringify(valid)) as Json;
    for (const each of bends) apply(copy, each);
    // As it would come: without holes and what JSON has no word for.
    return JSON.parse(JSON.stringify(copy)) as Json;
  });
}

/** A text that was JSON, cut, doubled or with bytes turned over. */
export function bentText(of: fc.Arbitrary<Json>): fc.Arbitrary<string> {
  return fc
    .tuple(of, fc.nat(), trickyText, fc.constantFrom("whole", "cut", "insert", "twice"))
    .map(([value, at, text, how]) => {
      const json = JSON.stringify(value) ?? "";
      const place = json.length === 0 ? 0 : at % json.length;
      if (how === "cut") return json.slice(0, place);
      if (how === "insert") return json.slice(0, place) + text + json.slice(place);
      return how === "twice" ? json + json : json;
    });
}

/** Every key that a configuration may have, of the node whose uplink is "uplink". */
export const fullConfig = (dataDir: string): Json => ({
  cniVersion: "1.1.0",
  name: "pods",
  type: "fairway",
  bridge: "fw0",
  mtu: 1500,
  ipMasq: true,
  ipMasqExcept: ["198.18.0.0/24", "fd00:c612::/64"],
  antiSpoof: true,
  capabilities: { bandwidth: true },
  uplink: {
    name: "uplink",
    egressCapacity: "400M",
    ingressCapacity: "380M",
    reserve: "5%",
    gsoMaxSize: 9000,
    policeHost: true,
  },
  hostClasses: { ssh: { ports: [22], egressGuarantee: "5M" } },
  tiers: {
    high: { egressGuarantee: "50M", ingressGuarantee: "50M", latencyTarget: "5ms" },
    low: {},
  },
  defaultTier: "low",
  overcommit: "reject",
  policy: { default: { maxEgressGuarantee: "100M" } },
  ipam: {
    ranges: [
      [{ subnet: "198.19.1.0/24", rangeStart: "198.19.1.10", gateway: "198.19.1.1" }],
      [{ subnet: "fd00:c613:1::/64" }],
    ],
    exclude: ["198.19.1.200/30"],
    routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0", mtu: 1400 }],
    stickyFor: "10s",
    pools: { web: ["198.19.1.64/26"] },
  },
  dns: { nameservers: ["198.18.0.2"] },
  dataDir,
  logLevel: "silent",
  runtimeConfig: {
    "io.kubernetes.cri.pod-annotations": {
      "fairway.dev/egress-guarantee": "10M",
      "fairway.dev/ingress-guarantee": "10M",
      "fairway.dev/ingress-limit": "20M",
      "fairway.dev/latency-target": "5ms",
      "kubernetes.io/egress-bandwidth": "10M",
      "example.com/other": "x",
    },
    bandwidth: { IngressRate: 20_000_000, IngressBurst: 4294967295, egressRate: 10_000_000 },
    ips: ["198.19.1.20"],
    mac: "0a:58:c6:13:01:14",
  },
});

const result: Json = {
  cniVersion: "1.1.0",
  interfaces: [
    { name: "fw0", mac: "0e:66:00:66:77:30", mtu: 1500 },
    { name: "fwv10", mac: "0e:58:00:00:00:10" },
    { name: "eth0", mac: "0a:58:c6:13:01:02", sandbox: "/run/netns/a" },
  ],
  ips: [{ interface: 2, address: "198.19.1.2/24", gateway: "198.19.1.1" }],
  routes: [{ dst: "0.0.0.0/0", gw: "198.19.1.1", mtu: 1400, priority: 1 }],
  dns: { nameservers: ["198.18.0.2"] },
};
export const bentResult = bent(result);

export const bentGcList = bent({
  ...fullConfig("/var/lib/fairway"),
  "cni.dev/valid-attachments": [
    { containerID: "a", ifname: "eth0" },
    { containerID: "b", ifname: "net1" },
  ],
});

export const bentEnvironment: fc.Arbitrary<Record<string, string>> = fc
  .record({
    bends: fc.array(fc.tuple(fc.nat({ max: 7 }), trickyText), { maxLength: 3 }),
    verb: fc.constantFrom("ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"),
  })
  .map(({ bends, verb }) => {
    const env: Record<string, string> = {
      CNI_COMMAND: verb,
      CNI_CONTAINERID: "a",
      CNI_NETNS: "/run/netns/a",
      CNI_IFNAME: "eth0",
      CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web",
      CNI_PATH: "/opt/cni/bin",
      CNI_NETNS_OVERRIDE: "0",
    };
    const names = Object.keys(env);
    for (const [at, text] of bends) env[names[at] ?? "CNI_EXTRA"] = text;
    return env;
  });
