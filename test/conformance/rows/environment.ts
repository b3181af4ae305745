/** CNI_*: what is missing, malformed or unknown. */
import type { Row, StillRow } from "../row.ts";
import { versions } from "../versions.ts";

type Env = Record<string, string | null>;

const podVerbs = ["ADD", "DEL", "CHECK"] as const;

/** What is the same for all of them is asked by each in its turn. */
const inTurn = (index: number): string[] => [podVerbs[index % podVerbs.length] ?? "ADD"];

/** Asked by each of `commands`. */
function refusal(
  id: string,
  sentence: StillRow["sentence"],
  sent: string,
  env: Env,
  answer: Pick<StillRow, "code" | "msg" | "details">,
  commands: readonly string[] = podVerbs,
): StillRow {
  return {
    kind: "still",
    id: `environment/${id}`,
    verb: commands.length > 1 ? "any" : (commands[0] as StillRow["verb"]),
    sentence,
    sent,
    calls: commands.flatMap((command, index) => {
      // Not each verb in each version: the versions go round.
      const cniVersion = versions[(id.length + index) % versions.length];
      return { command, env, config: { cniVersion } };
    }),
    ...answer,
  };
}

const missing = (...names: string[]) => ({
  code: 4,
  msg: [new RegExp(`^required env variables \\[${names.join(",")}\\] missing$`)],
});

const missingRows: Row[] = [
  refusal(
    "container-id-missing",
    "required",
    "no CNI_CONTAINERID",
    { CNI_CONTAINERID: null },
    missing("CNI_CONTAINERID"),
  ),
  refusal(
    "container-id-empty",
    "containerIdEmpty",
    'CNI_CONTAINERID ""',
    { CNI_CONTAINERID: "" },
    missing("CNI_CONTAINERID"),
  ),
  refusal(
    "netns-missing-add",
    "required",
    "ADD without CNI_NETNS",
    { CNI_NETNS: null },
    missing("CNI_NETNS"),
    ["ADD"],
  ),
  refusal(
    "netns-missing-check",
    "checkRequired",
    "CHECK without CNI_NETNS",
    { CNI_NETNS: null },
    missing("CNI_NETNS"),
    ["CHECK"],
  ),
  refusal(
    "netns-empty",
    "netns",
    'ADD with CNI_NETNS ""',
    { CNI_NETNS: "" },
    missing("CNI_NETNS"),
    ["ADD"],
  ),
  refusal(
    "ifname-missing",
    "required",
    "no CNI_IFNAME",
    { CNI_IFNAME: null },
    missing("CNI_IFNAME"),
  ),
  refusal(
    "del-needs",
    "delRequired",
    "DEL with CNI_COMMAND only",
    { CNI_CONTAINERID: null, CNI_NETNS: null, CNI_IFNAME: null },
    missing("CNI_CONTAINERID", "CNI_IFNAME"),
    ["DEL"],
  ),
  refusal(
    "all-missing",
    "aggregated",
    "ADD with CNI_COMMAND only",
    { CNI_CONTAINERID: null, CNI_NETNS: null, CNI_IFNAME: null },
    missing("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"),
    ["ADD"],
  ),
  refusal(
    "missing-before-malformed",
    "environment",
    "a malformed container id, and no CNI_IFNAME",
    { CNI_CONTAINERID: "-x", CNI_IFNAME: null },
    missing("CNI_IFNAME"),
    ["ADD"],
  ),
];

const command = (id: string, sent: string, CNI_COMMAND: string, msg: RegExp): StillRow =>
  refusal(`command-${id}`, "command", sent, { CNI_COMMAND }, { code: 4, msg: [msg] }, ["ADD"]);

const commandRows: Row[] = [
  command("empty", 'CNI_COMMAND ""', "", /required env variables \[CNI_COMMAND\] missing/),
  command("unknown", "CNI_COMMAND UPDATE", "UPDATE", /unknown CNI_COMMAND: UPDATE/),
  command("lower-case", "CNI_COMMAND add", "add", /unknown CNI_COMMAND: add/),
  command("padded", 'CNI_COMMAND "ADD "', "ADD ", /unknown CNI_COMMAND: ADD /),
  command("of-objects", "CNI_COMMAND toString", "toString", /unknown CNI_COMMAND: toString/),
  command(
    "long",
    "CNI_COMMAND of 100,000 letters",
    "A".repeat(100_000),
    /unknown CNI_COMMAND: AAA/,
  ),
];

const containerIds: [string, string, string][] = [
  ["hyphen", "one that begins with a hyphen", "-abc"],
  ["dot", "one that begins with a dot", ".abc"],
  ["underscore", "one that begins with an underscore", "_abc"],
  ["path", "../../etc/passwd", "../../etc/passwd"],
  ["slash", "a/b", "a/b"],
  ["space", '"a b"', "a b"],
  ["newline", "one with a line break at its end", "abc\n"],
  ["unicode", "one with a letter beyond ASCII", "caf\u00e9"],
  ["shell", "$(id)", "$(id)"],
  ["quote", "one with a quotation mark", "a'b"],
  ["long", "100,000 characters and a slash", `${"a".repeat(100_000)}/`],
];

const containerIdRows: Row[] = containerIds.map(([id, sent, CNI_CONTAINERID], index) =>
  refusal(
    `container-id-${id}`,
    id === "long" ? "code4" : "containerId",
    `CNI_CONTAINERID: ${sent}`,
    { CNI_CONTAINERID },
    {
      code: 4,
      msg: [/CNI_CONTAINERID/, /characters that a container id may not have/],
      details: /a-zA-Z0-9/,
    },
    inTurn(index),
  ),
);

const ifnames: [string, string, string, RegExp][] = [
  ["long", "16 bytes", "abcdefghijklmnop", /16 bytes/],
  ["long-unicode", "8 letters of 16 bytes", "\u00e9".repeat(8), /16 bytes/],
  ["dot", ".", ".", /folder/],
  ["dots", "..", "..", /folder/],
  ["slash", "a/b", "a/b", /"\/"/],
  ["colon", "eth0:1", "eth0:1", /":"/],
  ["space", '"eth 0"', "eth 0", /" "/],
  ["tab", "one with a tab", "eth\t0", /\\t/],
  ["newline", "one with a line break at its end", "eth0\n", /\\n/],
  ["pattern", "eth%d, which the kernel would fill in", "eth%d", /"%"/],
];

const ifnameRows: Row[] = ifnames.map(([id, sent, CNI_IFNAME, msg], index) =>
  refusal(
    `ifname-${id}`,
    id === "pattern" ? "ifname" : "ifnameRules",
    `CNI_IFNAME: ${sent}`,
    { CNI_IFNAME },
    {
      code: 4,
      msg: [/CNI_IFNAME/, /is no interface name/, msg],
      details: /1 to 15 bytes/,
    },
    inTurn(index),
  ),
);

const netns = (
  id: string,
  sentence: StillRow["sentence"],
  sent: string,
  CNI_NETNS: string,
  msg: RegExp,
): StillRow =>
  refusal(
    `netns-${id}`,
    sentence,
    `CNI_NETNS: ${sent}`,
    { CNI_NETNS },
    { code: 8, msg: [/CNI_NETNS/, msg], details: /\/run\/netns\// },
    ["ADD"],
  );

const netnsRows: Row[] = [
  netns("absent", "netns", "a path to nothing", "/run/netns/nothing-here", /nothing at that path/),
  netns("file", "netns", "a file", "/etc/hostname", /not a network namespace/),
  netns("folder", "netns", "a folder", "/etc", /not a network namespace/),
  netns("device", "netns", "/dev/null", "/dev/null", /not a network namespace/),
  netns("other-kind", "netns", "a mount namespace", "/proc/self/ns/mnt", /not a network namespace/),
  netns("through-file", "netns", "a path through a file", "/etc/hostname/x", /CNI_NETNS/),
  netns("long", "netns", "a path of 100,000 characters", `/${"n".repeat(100_000)}`, /CNI_NETNS/),
  netns("own", "ownNetns", "the plugin's own", "/proc/self/ns/net", /fairway itself/),
  refusal(
    "netns-override-off",
    "ownNetns",
    "the plugin's own, CNI_NETNS_OVERRIDE=0",
    { CNI_NETNS: "/proc/self/ns/net", CNI_NETNS_OVERRIDE: "0" },
    { code: 8 },
    ["ADD"],
  ),
];

const args = (
  id: string,
  sentence: StillRow["sentence"],
  CNI_ARGS: string,
  msg: RegExp,
  commands: readonly string[] = ["ADD"],
): StillRow =>
  refusal(
    `args-${id}`,
    sentence,
    `CNI_ARGS ${CNI_ARGS.length > 60 ? "of 100,000 characters without =" : CNI_ARGS}`,
    { CNI_ARGS },
    { code: 4, msg: [/CNI_ARGS/, msg] },
    commands,
  );

const argsRows: Row[] = [
  args("no-value", "args", "A", /malformed pair "A"/, ["ADD", "CHECK"]),
  args("no-key", "args", "=b", /malformed pair "=b"/, ["ADD", "CHECK"]),
  args("two-signs", "args", "a=b=c", /malformed pair "a=\.\.\."/, ["ADD", "CHECK"]),
  args("empty-pair", "args", "IgnoreUnknown=1;;", /malformed pair ""/, ["ADD", "CHECK"]),
  args("comma", "args", "A=1,B=2", /malformed pair "A=\.\.\."/),
  args(
    "twice",
    "oneMeaning",
    "K8S_POD_NAME=a;K8S_POD_NAME=b",
    /gives K8S_POD_NAME twice: "a" and "b"/,
    ["ADD", "CHECK"],
  ),
  args("unknown", "ignoreUnknown", "FOO=BAR;ABC=123", /unknown keys: FOO, ABC/),
  args("unknown-not-ignored", "ignoreUnknown", "FOO=BAR;IgnoreUnknown=0", /unknown keys: FOO/),
  args("unknown-false", "ignoreUnknown", "FOO=BAR;IgnoreUnknown=false", /unknown keys: FOO/),
  args("ignore-maybe", "ignoreUnknown", "FOO=BAR;IgnoreUnknown=maybe", /IgnoreUnknown=maybe/),
  args("case", "ignoreUnknown", "ignoreunknown=1", /unknown keys: ignoreunknown/),
  args("of-objects", "ignoreUnknown", "constructor=1", /unknown keys: constructor/),
  args("long", "bounded", "A".repeat(100_000), /malformed pair/),
  refusal(
    "args-ip",
    "args",
    "CNI_ARGS IP=nowhere",
    { CNI_ARGS: "IP=nowhere" },
    { code: 7, msg: [/nowhere/] },
    ["ADD"],
  ),
  refusal(
    "args-ip-foreign",
    "args",
    "CNI_ARGS IP= of another subnet",
    { CNI_ARGS: "IP=198.18.250.9" },
    { code: 7, msg: [/198\.18\.250\.9/] },
    ["ADD"],
  ),
];

export const environmentRows: Row[] = [
  ...missingRows,
  ...commandRows,
  ...containerIdRows,
  ...ifnameRows,
  ...netnsRows,
  ...argsRows,
];
