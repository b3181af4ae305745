/** What stands on stdin: bytes that are no configuration, and JSON that has no one meaning, is deep or is long. */
import type { Row, StillRow } from "../row.ts";
import { versions } from "../versions.ts";
import { type Call, type Json, uplink } from "../world.ts";

const configVerbs = ["ADD", "DEL", "CHECK", "GC", "STATUS"] as const;

/** Two verbs that have a configuration: it is decoded for all of them in the one same place. */
const inTurn = ({ length }: string): string[] =>
  [0, 2].map((step) => configVerbs[(length + step) % configVerbs.length] ?? "ADD");

/** Asked by two verbs that have a configuration, unless told. */
function undecodable(
  id: string,
  sent: string,
  stdin: Call["stdin"],
  msg: RegExp[],
  over: Partial<StillRow> & { commands?: readonly string[] } = {},
): StillRow {
  const { commands = inTurn(id), ...rest } = over;
  return {
    kind: "still",
    id: `stdin/${id}`,
    verb: "any",
    sentence: "code6",
    sent,
    calls: commands.map((command) => ({
      command,
      ...(stdin === undefined ? {} : { stdin }),
      env: { CNI_ARGS: null },
    })),
    code: 6,
    msg,
    ...rest,
  };
}

const notJson = [/the configuration on stdin is not JSON/];
const text = (value: Json): string => JSON.stringify(value);
const nested = (depth: number): string =>
  `{"name":"pods","cniVersion":"1.1.0","args":${"[".repeat(depth)}${"]".repeat(depth)}}`;

const bytes: Row[] = [
  undecodable("nothing", "no byte", "", [/no configuration on stdin/]),
  undecodable("blank", "spaces and line breaks", " \n\t\r\n", [/no configuration on stdin/]),
  undecodable("no-json", "{name: pods}", "{name: pods}", notJson, { commands: configVerbs }),
  undecodable("half", "half a configuration", '{"cniVersion": "1.1.0", "name": "po', notJson),
  undecodable("two", "two configurations", '{"name":"pods"}{"name":"pods"}', notJson),
  undecodable("comment", "JSON with a comment", '{"name":"pods" /* the pods */}', notJson),
  undecodable("trailing-comma", "a comma before the end", '{"name":"pods",}', notJson),
  undecodable("nul", "a NUL byte in a string", '{"name":"po\0ds"}', notJson),
  undecodable("nul-after", "a NUL byte behind it", '{"name":"pods"}\0', notJson),
  undecodable("nuls", "8 MB of NUL bytes", () => new Uint8Array(8_000_000), notJson, {
    commands: ["STATUS"],
  }),
  undecodable("bom", "a byte order mark before it", '\ufeff{"name":"pods"}', notJson),
  undecodable(
    "latin-1",
    "a byte that is not UTF-8",
    new Uint8Array([0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d]),
    [/not UTF-8/],
  ),
  undecodable(
    "utf-16",
    "UTF-16",
    new Uint8Array(Buffer.from('{"name":"pods"}', "utf16le")),
    notJson,
  ),
  undecodable("null", "null", "null", [/is null, not a JSON object/]),
  undecodable("array", "an array", "[{}]", [/is an array, not a JSON object/]),
  undecodable("number", "a number", "1", [/is a number, not a JSON object/]),
  undecodable("string", "a string", '"pods"', [/is a string, not a JSON object/]),
  undecodable("true", "true", "true", [/is a boolean, not a JSON object/]),
  undecodable("closed", "a closed descriptor", undefined, [/no configuration on stdin/], {
    calls: inTurn("closed").map((command) => ({
      command,
      redirect: "<&-",
      env: { CNI_ARGS: null },
    })),
  }),
  undecodable("null-device", "/dev/null", undefined, [/no configuration on stdin/], {
    calls: inTurn("null-device").map((command) => ({
      command,
      redirect: "</dev/null",
      env: { CNI_ARGS: null },
    })),
  }),
  undecodable("folder", "a folder", undefined, [/stdin cannot be read/], {
    sentence: "code5",
    code: 5,
    calls: inTurn("folder").map((command) => ({
      command,
      redirect: "</etc",
      env: { CNI_ARGS: null },
    })),
  }),
];

const deepAndLong: Row[] = [
  undecodable("deep", "an array 5,000 deep", nested(5_000), [/nested more than 1000 deep/], {
    cniVersion: "1.1.0",
  }),
  undecodable(
    "very-deep",
    "8 MB of nested arrays",
    () => nested(4_000_000),
    [/nested more than 1000 deep/],
    { commands: ["GC"], sentence: "noTrace" },
  ),
  undecodable(
    "deep-objects",
    "objects 100,000 deep",
    () => `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`,
    [/nested more than 1000 deep/],
    { commands: ["DEL"] },
  ),
  undecodable(
    "deep-unclosed",
    "8 MB of brackets that nobody closes",
    () => "[".repeat(8_000_000),
    notJson,
    { commands: ["ADD"] },
  ),
  undecodable(
    "long-unclosed",
    "8 MB, the last brace missing",
    () => text({ name: "pods", pad: "x".repeat(8_000_000) }).slice(0, -1),
    notJson,
    { commands: ["CHECK"] },
  ),
];

const many = (count: number): Json =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 1]));

/** A configuration that is decoded, and refused for what is in it. */
function long(
  id: string,
  sent: string,
  config: () => Json,
  msg: RegExp[],
  over: Partial<StillRow> = {},
): StillRow {
  return {
    kind: "still",
    id: `stdin/long-${id}`,
    verb: "any",
    sentence: "bounded",
    sent,
    calls: [{ command: "ADD", stdin: () => text(config()) }],
    code: 7,
    msg,
    ...over,
  };
}

const base: Json = {
  cniVersion: "1.1.0",
  name: "pods",
  type: "fairway",
  logLevel: "silent",
  uplink,
  ipam: { subnet: "198.19.1.0/24" },
};
const ipam = (over: Json): Json => ({ ...base, ipam: { subnet: "198.19.1.0/24", ...over } });
const fill = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

const longRows: Row[] = [
  long(
    "key",
    "an unknown key whose value is 8 MB",
    () => ({ ...base, pad: "x".repeat(8_000_000) }),
    [/pad: unknown key/],
    { sentence: "errorMsg" },
  ),
  long("keys", "600,000 unknown keys, 8 MB", () => ({ ...base, ...many(600_000) }), [
    /k0: unknown key/,
    /errors/,
  ]),
  long("key-name", "an unknown key of 8 MB", () => ({ ...base, ["k".repeat(8_000_000)]: 1 }), [
    /kkk/,
    /unknown key/,
  ]),
  long("name", "a network name of 8 MB", () => ({ ...base, name: `/${"n".repeat(8_000_000)}` }), [
    /name: invalid network name/,
  ]),
  long("types", "a list of 2,000,000 wrong types", () => ipam({ exclude: fill(2_000_000, 1) }), [
    /ipam\.exclude\[0\]/,
    /at least 50 errors/,
  ]),
  long(
    "strings",
    "a list of 1,000,000 strings that are no network",
    () => ipam({ exclude: fill(1_000_000, "x") }),
    [/ipam\.exclude\[0\]/, /errors/],
  ),
  long(
    "routes",
    "200,000 routes to nowhere",
    () => ipam({ routes: fill(200_000, { dst: "nowhere" }) }),
    [/ipam\.routes\[0\]\.dst/, /errors/],
  ),
  long(
    "tiers",
    "100,000 tiers that are wrong",
    () => ({
      ...base,
      tiers: Object.fromEntries(
        Array.from({ length: 100_000 }, (_, i) => [`t${i}`, { egressGuarantee: "10Q" }]),
      ),
    }),
    [/tiers\.t0\.egressGuarantee/, /errors/],
  ),
  long(
    "annotations",
    "300,000 annotations that are no strings",
    () => ({ ...base, runtimeConfig: { "io.kubernetes.cri.pod-annotations": many(300_000) } }),
    [/pod-annotations\["k0"\]/, /errors/],
  ),
  long(
    "annotation",
    "an annotation of ours of 8 MB",
    () => ({
      ...base,
      runtimeConfig: {
        "io.kubernetes.cri.pod-annotations": {
          "fairway.dev/egress-guarantee": "9".repeat(8_000_000),
        },
      },
    }),
    [/fairway\.dev\/egress-guarantee/],
    {
      calls: [
        {
          command: "ADD",
          stdin: () =>
            text({
              ...base,
              runtimeConfig: {
                "io.kubernetes.cri.pod-annotations": {
                  "fairway.dev/egress-guarantee": "9".repeat(8_000_000),
                },
              },
            }),
        },
      ],
    },
  ),
  long("mac", "a MAC of 8 MB", () => ({ ...base, runtimeConfig: { mac: "0".repeat(8_000_000) } }), [
    /runtimeConfig\.mac/,
  ]),
  long(
    "ips",
    "requested addresses: 1,000,000 that are none",
    () => ({ ...base, runtimeConfig: { ips: fill(1_000_000, "x") } }),
    [/runtimeConfig\.ips\[0\]/, /errors/],
  ),
  long(
    "version",
    "a version of 8 MB",
    () => ({ ...base, cniVersion: "1".repeat(8_000_000) }),
    [/incompatible CNI versions/],
    { code: 1, sentence: "bounded", cniVersion: "1.1.0" },
  ),
  long(
    "ipam-type",
    "the name of an IPAM plugin of 8 MB",
    () => ({ ...base, ipam: { type: `/${"i".repeat(8_000_000)}` } }),
    [/ipam\.type/],
  ),
  long(
    "previous",
    "CHECK with a prevResult whose only address is 8 MB",
    () => base,
    [/prevResult/],
    {
      code: 6,
      calls: [
        {
          command: "CHECK",
          stdin: () => text({ ...base, prevResult: { ips: fill(2_000_000, {}) } }),
        },
      ],
      sent: "CHECK with a prevResult of 2,000,000 addresses that are none",
    },
  ),
  long(
    "attachments",
    "a list of 500,000 valid attachments, and garbage at its end",
    () => base,
    [/cni\.dev\/valid-attachments\[200000\]/],
    {
      verb: "GC",
      sent: "GC with 200,000 valid attachments, and garbage behind them",
      calls: [
        {
          command: "GC",
          stdin: () =>
            text({
              ...base,
              "cni.dev/valid-attachments": [
                ...fill(200_000, { containerID: "c", ifname: "eth0" }),
                7,
              ],
            }),
        },
      ],
    },
  ),
];

/** A key given twice. */
function twice(id: string, key: string, stdin: string, over: Partial<StillRow> = {}): StillRow {
  return {
    kind: "still",
    id: `stdin/twice-${id}`,
    verb: "any",
    sentence: "oneMeaning",
    sent: `${key} given twice`,
    calls: inTurn(id)
      .map((command) => (command === "DEL" ? "ADD" : command))
      .map((command) => ({ command, stdin })),
    code: 6,
    msg: [new RegExp(`${key.replace(/[.[\]/]/g, "\\$&")} is given twice`)],
    ...over,
  };
}

const head = `"cniVersion":"1.1.0","type":"fairway","logLevel":"silent","uplink":${JSON.stringify(uplink)}`;
const named = `{${head},"name":"pods","ipam":{"subnet":"198.19.1.0/24"}`;

const twiceRows: Row[] = [
  twice("name", "name", `{${head},"name":"pods","ipam":{"subnet":"198.19.1.0/24"},"name":"other"}`),
  twice(
    "same-value",
    "name",
    `{${head},"name":"pods","ipam":{"subnet":"198.19.1.0/24"},"name":"pods"}`,
  ),
  twice(
    "subnet",
    "ipam.subnet",
    `{${head},"name":"pods","ipam":{"subnet":"198.19.1.0/24","subnet":"198.19.2.0/24"}}`,
  ),
  twice(
    "in-list",
    "ipam.routes[1].dst",
    `{${head},"name":"pods","ipam":{"subnet":"198.19.1.0/24","routes":[{"dst":"0.0.0.0/0"},{"dst":"198.18.9.0/24","dst":"198.18.8.0/24"}]}}`,
  ),
  twice("escaped", "mtu", `${named},"mtu":1400,"\\u006dtu":1300}`),
  twice(
    "annotation",
    "runtimeConfig.io.kubernetes.cri.pod-annotations.fairway.dev/tier",
    `${named},"runtimeConfig":{"io.kubernetes.cri.pod-annotations":{"fairway.dev/tier":"a","fairway.dev/tier":"b"}}}`,
  ),
  twice("previous", "prevResult.ips", `${named},"prevResult":{"ips":[],"ips":[]}}`),
  twice(
    "attachments",
    "cni.dev/valid-attachments",
    `${named},"cni.dev/valid-attachments":[{"containerID":"p1","ifname":"eth0"}],"cni.dev/valid-attachments":[]}`,
  ),
  twice(
    "attachment",
    "cni.dev/valid-attachments[0].containerID",
    `${named},"cni.dev/valid-attachments":[{"containerID":"p1","containerID":"p2","ifname":"eth0"}]}`,
  ),
  twice("prototype", "__proto__", `${named},"__proto__":{},"__proto__":{}}`),
  twice("del-name", "name", `{${head},"name":"pods","name":"other"}`, {
    verb: "DEL",
    sent: "DEL with name given twice",
    calls: [{ command: "DEL", stdin: `{${head},"name":"pods","name":"other"}` }],
  }),
  twice("del-data-dir", "dataDir", `{${head},"name":"pods"}`, {
    verb: "DEL",
    sent: "DEL with dataDir given twice",
    calls: [{ command: "DEL", stdin: `{${head},"name":"pods","dataDir":"/a","dataDir":"/b"}` }],
  }),
  twice("in-8-mb", "name", "", {
    sent: "name given twice, 8 MB apart",
    calls: [
      {
        command: "ADD",
        stdin: () =>
          `{${head},"name":"pods","args":{${Array.from({ length: 400_000 }, (_, i) => `"key-${i}":"\\"{["`).join(",")}},"name":"other"}`,
      },
    ],
  }),
];

/** What is said of an error, in each version. */
const answers: Row[] = [
  {
    kind: "still",
    id: "error/keys",
    verb: "any",
    sentence: "errorKeys",
    sent: "an unknown key, in each version",
    calls: versions.map((cniVersion) => ({ command: "ADD", config: { cniVersion, brige: "fw0" } })),
    code: 7,
    msg: [/brige: unknown key/],
    details: /bridge/,
  },
  {
    kind: "still",
    id: "error/version-unreadable",
    verb: "any",
    sentence: "errorOutput",
    sent: "no JSON: the error is in the newest version",
    calls: configVerbs.map((command) => ({ command, stdin: "{", env: { CNI_ARGS: null } })),
    code: 6,
    cniVersion: "1.1.0",
  },
  {
    kind: "still",
    id: "error/version-of-ambiguous",
    verb: "any",
    sentence: "errorKeys",
    sent: "a key given twice, in each version: the error is in that version",
    calls: versions.slice(0, 4).map((cniVersion) => ({
      command: "ADD",
      stdin: `{"cniVersion":"${cniVersion}","name":"pods","mtu":1400,"mtu":1500}`,
      config: { cniVersion },
    })),
    code: 6,
  },
];

export const stdinRows: Row[] = [...bytes, ...deepAndLong, ...longRows, ...twiceRows, ...answers];
