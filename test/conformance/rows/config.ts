/** The configuration: identity, versions, unknown keys, what the runtime adds. */
import type { Row, StillRow } from "../row.ts";
import { versions } from "../versions.ts";
import { type Call, type Json, validKey } from "../world.ts";

const every = ["ADD", "DEL", "CHECK", "GC", "STATUS"] as const;
/** Identity is looked at by each verb in the one same place: they ask in their turn. */
const inTurn = (index: number): string[] => [every[index % every.length] ?? "ADD"];

function refused(
  id: string,
  sentence: StillRow["sentence"],
  sent: string,
  config: Json,
  answer: Partial<StillRow> & Pick<StillRow, "code">,
  commands: readonly string[] = ["ADD"],
): StillRow {
  return {
    kind: "still",
    id: `config/${id}`,
    verb: commands.length > 1 ? "any" : (commands[0] as StillRow["verb"]),
    sentence,
    sent,
    calls: commands.map((command): Call => ({ command, config })),
    ...answer,
  };
}

const names: [string, string, unknown][] = [
  ["missing", "no name", undefined],
  ["empty", 'name ""', ""],
  ["hyphen", "a name that begins with a hyphen", "-pods"],
  ["path", "name ../pods", "../pods"],
  ["slash", "name a/b", "a/b"],
  ["space", 'name "a b"', "a b"],
  ["newline", "a name with a line break at its end", "pods\n"],
  ["nul", "a name with a NUL (\\u0000)", "pods\0"],
  ["unicode", "a name with a letter beyond ASCII", "caf\u00e9"],
  ["number", "name 5", 5],
  ["null", "name null", null],
  ["list", 'name ["pods"]', ["pods"]],
  ["object", "name {}", {}],
];

const nameRows: Row[] = names.map(([id, sent, name], index) =>
  refused(
    `name-${id}`,
    id === "missing" ? "noName" : "networkName",
    sent,
    { name },
    { code: 7, msg: [/^name: /], details: /./ },
    inTurn(index),
  ),
);

const nameFirst = refused(
  "name-before-version",
  "noName",
  "no name, and an unknown version",
  { name: undefined, cniVersion: "9.9.9" },
  { code: 7, msg: [/missing network name/], cniVersion: "1.1.0" },
  every,
);

const unknownVersions: [string, string, unknown, string][] = [
  ["missing", "no cniVersion", undefined, '"0.1.0"'],
  ["empty", 'cniVersion ""', "", '"0.1.0"'],
  ["first", "cniVersion 0.1.0", "0.1.0", '"0.1.0"'],
  ["second", "cniVersion 0.2.0", "0.2.0", '"0.2.0"'],
  ["later", "cniVersion 1.2.0", "1.2.0", '"1.2.0"'],
  ["short", "cniVersion 1.1", "1.1", '"1.1"'],
  ["prefixed", "cniVersion v1.0.0", "v1.0.0", '"v1.0.0"'],
  ["padded", 'cniVersion "1.0.0 "', "1.0.0 ", '"1.0.0 "'],
  ["number", "cniVersion 1", 1, "1"],
  ["null", "cniVersion null", null, "null"],
  ["list", 'cniVersion ["1.0.0"]', ["1.0.0"], '["1.0.0"]'],
  ["object", "cniVersion {}", {}, "{}"],
  ["true", "cniVersion true", true, "true"],
];

const versionRows: Row[] = unknownVersions.map(([id, sent, cniVersion, told], index) =>
  refused(
    `version-${id}`,
    ["missing", "empty", "short", "prefixed", "padded"].includes(id) ? "exactVersion" : "code1",
    sent,
    { cniVersion },
    {
      code: 1,
      msg: [/^incompatible CNI versions$/],
      details: new RegExp(
        `config is ${told.replace(/[.[\]{}]/g, "\\$&")}, plugin supports \\["0\\.3\\.0" "0\\.3\\.1" "0\\.4\\.0" "1\\.0\\.0" "1\\.1\\.0"\\]`,
      ),
      cniVersion: "1.1.0",
    },
    inTurn(index),
  ),
);

const tooOld = (command: "CHECK" | "GC" | "STATUS", olds: readonly string[]): Row => ({
  kind: "still",
  id: `config/${command.toLowerCase()}-too-old`,
  verb: command,
  sentence: "verbVersions",
  sent: `${command} in ${olds.join(", ")}`,
  calls: olds.flatMap((cniVersion) =>
    (["fairway", "fairway-ipam"] as const).map((as) => ({
      command,
      as,
      config: { cniVersion, prevResult: {}, [validKey]: [] },
    })),
  ),
  code: 1,
  msg: [new RegExp(`does not allow ${command}`)],
  details: new RegExp(`${command} needs one of`),
});

const unknownKeys: Row[] = [
  refused(
    "unknown-key",
    "unknownFields",
    "an unknown key",
    { brige: "fw0" },
    { code: 7, msg: [/^brige: unknown key/], details: /bridge/ },
    ["ADD", "CHECK", "STATUS"],
  ),
  refused(
    "unknown-inside",
    "unknownFields",
    "an unknown key of ipam",
    { ipam: { subnet: "198.19.1.0/24", rangestart: "198.19.1.9" } },
    { code: 7, msg: [/^ipam\.rangestart: unknown key/], details: /rangeStart/ },
  ),
  refused(
    "unknown-misplaced",
    "unknownFields",
    "a key in the wrong place",
    { subnet: "198.19.1.0/24" },
    { code: 7, msg: [/^subnet: unknown key/], details: /ipam/ },
  ),
  refused(
    "unknown-of-objects",
    "unknownFields",
    "keys that every object of JavaScript has",
    { constructor: 1, toString: 2, hasOwnProperty: 3 },
    {
      code: 7,
      msg: [/constructor: unknown key/, /toString: unknown key/, /hasOwnProperty: unknown key/],
    },
  ),
  {
    ...refused(
      "unknown-prototype",
      "unknownFields",
      "the key __proto__",
      {},
      { code: 7, msg: [/__proto__: unknown key/] },
    ),
    calls: [
      {
        command: "ADD",
        stdin:
          '{"cniVersion":"1.1.0","name":"pods","type":"fairway","logLevel":"silent","ipam":{"subnet":"198.19.1.0/24"},"__proto__":{"mtu":1400}}',
      },
    ],
  },
  refused(
    "all-at-once",
    "code7",
    "three mistakes",
    { bridge: "a/b", mtu: 5, overcommit: "maybe" },
    {
      code: 7,
      msg: [/bridge: .*a\/b/, /mtu: 5 is below 576/, /overcommit: "maybe" is not/, /\(3 errors\)/],
    },
  ),
  refused(
    "no-ipam",
    "code7",
    "no ipam, and no prevResult",
    { ipam: undefined },
    { code: 7, msg: [/neither ipam nor a prevResult/], details: /subnet.*chain/ },
  ),
  refused("ipam-empty", "code7", "ipam {}", { ipam: {} }, { code: 7, msg: [/ipam/] }),
];

const values: [string, Json, RegExp][] = [
  ["bridge-long", { bridge: "abcdefghijklmnop" }, /bridge: .*cannot name an interface/],
  ["uplink-name", { uplink: { name: "a b" } }, /uplink\.name: .*cannot name an interface/],
  [
    "capacity-unit",
    { uplink: { name: "uplink", egressCapacity: "10Q" } },
    /uplink\.egressCapacity.*10Q/,
  ],
  [
    "capacity-negative",
    { uplink: { name: "uplink", egressCapacity: -5 } },
    /uplink\.egressCapacity.*-5/,
  ],
  [
    "capacity-endless",
    { uplink: { name: "uplink", egressCapacity: "1e999" } },
    /uplink\.egressCapacity.*1e999/,
  ],
  ["reserve", { uplink: { name: "uplink", reserve: "120%" } }, /uplink\.reserve.*120%/],
  [
    "gso-size",
    { uplink: { name: "uplink", gsoMaxSize: 1 } },
    /uplink\.gsoMaxSize: 1 is below 4500/,
  ],
  ["mtu-large", { mtu: 65_536 }, /mtu: 65536 is above 65535/],
  ["mtu-not-whole", { mtu: 1500.5 }, /mtu: .*whole number/],
  ["log-level", { logLevel: "loud" }, /logLevel: "loud" is not/],
  ["log-file", { logFile: "fairway.log" }, /logFile: .*not an absolute path/],
  ["data-dir", { dataDir: "var/lib/fairway" }, /dataDir: .*not an absolute path/],
  ["masquerade-except", { ipMasqExcept: ["198.18.0.0/33"] }, /ipMasqExcept\[0\]/],
  ["default-tier", { defaultTier: "gold" }, /defaultTier: "gold" is not in tiers/],
  ["latency", { tiers: { gold: { latencyTarget: "1ms" } } }, /tiers\.gold\.latencyTarget/],
  [
    "limit",
    { tiers: { gold: { egressGuarantee: "2M", egressLimit: "1M" } } },
    /tiers\.gold\.egressGuarantee/,
  ],
  [
    "port",
    { hostClasses: { ssh: { ports: [70_000], egressGuarantee: "1M" } } },
    /hostClasses\.ssh\.ports\[0\]: 70000 is above/,
  ],
  ["policy-tier", { policy: { default: { tiers: ["gold"] } } }, /policy\.default\.tiers/],
  ["subnet", { ipam: { subnet: "198.19.1.0" } }, /ipam\.subnet/],
  ["subnet-host-bits", { ipam: { subnet: "198.19.1.7/24" } }, /ipam\.subnet/],
  ["subnet-small", { ipam: { subnet: "198.19.1.0/31" } }, /ipam\.subnet.*198\.19\.1\.0\/31/],
  ["subnet-number", { ipam: { subnet: "198.19.1.256/24" } }, /ipam\.subnet/],
  [
    "range-outside",
    { ipam: { subnet: "198.19.1.0/24", rangeStart: "198.19.2.5" } },
    /ipam\.rangeStart/,
  ],
  [
    "range-backwards",
    { ipam: { subnet: "198.19.1.0/24", rangeStart: "198.19.1.9", rangeEnd: "198.19.1.3" } },
    /ipam\.range(Start|End)/,
  ],
  ["gateway", { ipam: { subnet: "198.19.1.0/24", gateway: "198.19.2.1" } }, /ipam\.gateway/],
  ["exclude", { ipam: { subnet: "198.19.1.0/24", exclude: ["nothing"] } }, /ipam\.exclude\[0\]/],
  [
    "route-destination",
    { ipam: { subnet: "198.19.1.0/24", routes: [{ dst: "everywhere" }] } },
    /ipam\.routes\[0\]\.dst/,
  ],
  [
    "route-missing",
    { ipam: { subnet: "198.19.1.0/24", routes: [{}] } },
    /ipam\.routes\[0\]\.dst: is missing/,
  ],
  [
    "route-family",
    { ipam: { subnet: "198.19.1.0/24", routes: [{ dst: "0.0.0.0/0", gw: "fd00::1" }] } },
    /ipam\.routes\[0\]\.gw/,
  ],
  [
    "route-mtu",
    { ipam: { subnet: "198.19.1.0/24", routes: [{ dst: "0.0.0.0/0", mtu: -1 }] } },
    /ipam\.routes\[0\]\.mtu: -1 is below 0/,
  ],
  ["sticky", { ipam: { subnet: "198.19.1.0/24", stickyFor: "long" } }, /ipam\.stickyFor/],
  [
    "resolver-file",
    { ipam: { subnet: "198.19.1.0/24", resolvConf: "resolv.conf" } },
    /ipam\.resolvConf/,
  ],
  ["dns-unknown", { dns: { nameserver: "198.18.0.53" } }, /dns\.nameserver: unknown key/],
];

const valueRows: Row[] = values.map(([id, config, msg]) =>
  refused(
    `value-${id}`,
    id.startsWith("dns") ? "wellKnown" : "code7",
    JSON.stringify(config),
    config,
    { code: 7, msg: [msg] },
  ),
);

const ipamTypes: [string, string][] = [
  ["slash", "../bin/sh"],
  ["absolute", "/bin/sh"],
  ["dots", ".."],
  ["nul", "host-local\0"],
];

const ipamTypeRows: Row[] = ipamTypes.map(([id, type]) =>
  refused(
    `ipam-type-${id}`,
    "ipamType",
    `ipam.type ${JSON.stringify(type)}`,
    { ipam: { type } },
    { code: 7, msg: [/ipam\.type: .*cannot name a plugin/] },
  ),
);

const annotationsKey = "io.kubernetes.cri.pod-annotations";
const runtime = (value: unknown): Json => ({ runtimeConfig: value });

const runtimes: [string, unknown, RegExp][] = [
  [
    "annotations-list",
    { [annotationsKey]: ["fairway.dev/tier"] },
    /pod-annotations: has to be an object/,
  ],
  [
    "annotations-text",
    { [annotationsKey]: "fairway.dev/tier" },
    /pod-annotations: has to be an object/,
  ],
  [
    "annotation-number",
    { [annotationsKey]: { "fairway.dev/egress-guarantee": 5 } },
    /egress-guarantee"\]: has to be a string, found 5/,
  ],
  [
    "annotation-unknown",
    { [annotationsKey]: { "fairway.dev/egres-guarantee": "1M" } },
    /fairway\.dev\/egres-guarantee/,
  ],
  [
    "annotation-nul",
    { [annotationsKey]: { "fairway.dev/egress-guarantee": "1M\0" } },
    /fairway\.dev\/egress-guarantee/,
  ],
  [
    "annotation-tier",
    { [annotationsKey]: { "fairway.dev/tier": "toString" } },
    /fairway\.dev\/tier.*toString/,
  ],
  ["bandwidth-number", { bandwidth: 5 }, /runtimeConfig\.bandwidth: has to be an object/],
  ["bandwidth-rate", { bandwidth: { ingressRate: "1M" } }, /runtimeConfig\.bandwidth\.ingressRate/],
  ["bandwidth-negative", { bandwidth: { egressRate: -1 } }, /runtimeConfig\.bandwidth\.egressRate/],
  [
    "bandwidth-burst-only",
    { bandwidth: { egressBurst: 8_000 } },
    /runtimeConfig\.bandwidth\.egressBurst: is a burst without egressRate/,
  ],
  [
    "bandwidth-twice",
    { bandwidth: { ingressRate: 1_000_000, IngressRate: 2_000_000 } },
    /IngressRate: is given twice, in two letter cases/,
  ],
  ["mac-text", { mac: "no mac" }, /runtimeConfig\.mac: "no mac" is not a MAC/],
  ["mac-number", { mac: 5 }, /runtimeConfig\.mac: has to be a string/],
  ["mac-multicast", { mac: "01:00:5e:00:00:01" }, /runtimeConfig\.mac: .*multicast/],
  ["mac-zero", { mac: "00:00:00:00:00:00" }, /runtimeConfig\.mac/],
  ["ips-text", { ips: "198.19.1.9" }, /runtimeConfig\.ips: has to be a list/],
  ["ips-number", { ips: [5] }, /runtimeConfig\.ips\[0\]: has to be a string/],
  ["ips-garbage", { ips: ["198.19.1"] }, /runtimeConfig\.ips\[0\]/],
  ["ips-foreign", { ips: ["198.18.250.9"] }, /198\.18\.250\.9/],
  ["ip-ranges-object", { ipRanges: {} }, /runtimeConfig\.ipRanges: has to be a list/],
  [
    "ip-ranges-flat",
    { ipRanges: [{ subnet: "198.19.200.0/24" }] },
    /runtimeConfig\.ipRanges\[0\]: has to be a list/,
  ],
  [
    "ip-ranges-key",
    { ipRanges: [[{ subnet: "198.19.200.0/24", mask: 5 }]] },
    /runtimeConfig\.ipRanges\[0\]\[0\]\.mask: unknown key/,
  ],
];

const runtimeRows: Row[] = runtimes.map(([id, value, msg]) =>
  refused(
    `runtime-${id}`,
    id === "bandwidth-twice" ? "letterCase" : "code7",
    `runtimeConfig ${JSON.stringify(value)}`,
    runtime(value),
    { code: 7, msg: [msg] },
  ),
);

const argsConfig: Row[] = [
  refused(
    "args-cni-ips",
    "code7",
    "args.cni.ips that are no list",
    { args: { cni: { ips: "198.19.1.9" } } },
    { code: 7, msg: [/args\.cni\.ips: has to be a list/] },
  ),
  refused(
    "args-cni-number",
    "code7",
    "args.cni 5",
    { args: { cni: 5 } },
    { code: 7, msg: [/args\.cni: has to be an object/] },
  ),
];

const previous: Row[] = [
  {
    kind: "still",
    id: "config/previous-and-ipam",
    verb: "ADD",
    sentence: "firstAdd",
    sent: "ADD with ipam and a prevResult, in each version",
    calls: versions.map((cniVersion) => ({
      command: "ADD",
      config: { cniVersion, prevResult: { cniVersion, ips: [{ address: "198.18.3.3/24" }] } },
    })),
    code: 7,
    msg: [/both ipam and a prevResult/],
    details: /remove ipam/,
  },
];

export const configRows: Row[] = [
  ...nameRows,
  nameFirst,
  ...versionRows,
  tooOld("CHECK", versions.slice(0, 2)),
  tooOld("GC", versions.slice(0, 4)),
  tooOld("STATUS", versions.slice(0, 4)),
  ...unknownKeys,
  ...valueRows,
  ...ipamTypeRows,
  ...runtimeRows,
  ...argsConfig,
  ...previous,
];
