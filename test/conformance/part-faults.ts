// biome-ignore-all lint/suspicious/noTemplateCurlyInString: pieces of source as they stand in it
/**
 * Seeded faults of the agent and of the launcher. Rows see some of them, through the launcher and the agent.
 * The others are seen by tests of the agent or the launcher, which are run in a copy of the tree that is
 * broken in this one place.
 */
import type { Replacement } from "../support/other-build.ts";

export interface PartFault extends Replacement {
  /** What it does. */
  breaks: string;
  by: { rows: readonly string[] } | { tests: string; title?: string };
}

const serves = "src/agent/serve-verb.ts";
const declines = "test/plugin/agent-declines.test.ts";

export const partFaults: Readonly<Record<string, PartFault>> = {
  "agent-remembers-pods": {
    breaks: "CHECK is answered by what is remembered of the pod's ADD, and not by a look",
    file: serves,
    old: "  const ended = attempt(env, () => stdinText(call.stdin), isIpam ? runIpamVerb : runMainVerb);",
    new: `  const whole = ((globalThis as { whole?: Set<string> }).whole ??= new Set<string>());
  const pod = env.CNI_CONTAINERID ?? "";
  const ended: import("../cni/attempt.ts").Ended = env.CNI_COMMAND === "CHECK" && whole.has(pod)
    ? { ok: true, outcome: { output: null, log: null, facts: {} } }
    : attempt(env, () => stdinText(call.stdin), isIpam ? runIpamVerb : runMainVerb);
  if (env.CNI_COMMAND === "ADD" && ended.ok) whole.add(pod);
  if (env.CNI_COMMAND === "DEL") whole.delete(pod);`,
    by: { rows: ["check/interface", "check/address-gone", "check/shaping", "check/firewall"] },
  },
  "agent-remembers-rows": {
    breaks: "a row of the ledger is kept after another process has changed or removed it",
    file: "src/ledger/attachments.ts",
    old: "    rows(ofKey, key.network, key.containerId, key.ifname)[0] ?? null;",
    new: `{
    const kept = ((globalThis as { kept?: Map<string, RecordedAttachment> }).kept ??= new Map());
    const name = attachmentName(key);
    const row = kept.get(name) ?? rows(ofKey, key.network, key.containerId, key.ifname)[0] ?? null;
    if (row !== null) kept.set(name, row);
    return row;
  };`,
    by: { tests: "test/plugin/agent.test.ts", title: "of processes of their own" },
  },
  "agent-shares-attachments": {
    breaks: "a verb is begun for an attachment that another process is at work on",
    file: "src/agent/held.ts",
    old: "using own = tryAtWork(ledger, key);\n      return own === null\n",
    new: "using own = tryAtWork(ledger, key);\n      return own === null && verb === 'never'\n",
    by: { tests: declines, title: "an attachment that somebody else" },
  },
  "agent-waits-for-the-ledger": {
    breaks: "a verb is begun while another process has the ledger's lock",
    file: "src/agent/held.ts",
    old: "if (!looking.includes(verb) && !ledger.isFree())",
    new: 'if (verb === "never" && !ledger.isFree())',
    by: { tests: declines, title: "a ledger that somebody else has locked" },
  },
  "agent-serves-other-nodes": {
    breaks: "whoever asks from another network namespace is served",
    file: "src/agent/peers.ts",
    old: 'if (namespaceOf(String(pid), "net") !== ownNamespace("net"))',
    new: 'if (namespaceOf(String(pid), "net") === ownNamespace("mnt"))',
    by: { tests: declines, title: "from another node" },
  },
  "agent-trusts-paths": {
    breaks: "a path is taken as it is, where whoever asks has other mounts",
    file: "src/agent/peers.ts",
    old: "const strange = paths.find(",
    new: "const strange = paths.slice(paths.length).find(",
    by: { tests: declines, title: "not at its path" },
  },
  "agent-takes-variables": {
    breaks: "FAIRWAY_* variables of one verb are not looked at",
    file: "src/agent/decline.ts",
    old: "if (special !== undefined)",
    new: 'if (special === "")',
    by: { tests: declines, title: "variables for a process" },
  },
  "agent-waits-for-delegates": {
    breaks: "a verb is begun for which another IPAM plugin has to be waited for",
    file: "src/agent/decline.ts",
    old: "return delegate === null",
    new: 'return delegate !== ""',
    by: { tests: declines, title: "another IPAM plugin" },
  },
  "agent-keeps-a-replaced-ledger": {
    breaks: "a ledger is kept open when another file has taken its place",
    file: "src/agent/kept-ledgers.ts",
    old: "files.file === known.files.file && known.bootId",
    new: "known.bootId",
    by: { tests: declines, title: "another file was put" },
  },
  "agent-begins-late": {
    breaks: "a verb is begun that a launcher has given up",
    file: "src/agent/queue.ts",
    old: "if (performance.now() > next.acceptUntilMs)",
    new: "if (performance.now() > next.acceptUntilMs * 1000)",
    by: { tests: "test/agent/queue.test.ts" },
  },
  "agent-begins-unheard": {
    breaks: "an acceptance that nobody hears is taken for one that was heard",
    file: "src/agent/connection.ts",
    old: "return !this.#isAnswered && this.#socket.write(bytes) === bytes.length;",
    new: "this.#socket.write(bytes);\n    return true;",
    by: { tests: "test/agent/connection.test.ts" },
  },
  "agent-two-at-once": {
    breaks: "a verb is begun while another one runs",
    file: "src/agent/queue.ts",
    old: "else if (!this.#isAtWork) {",
    new: "else if (job !== undefined) {",
    by: { tests: "test/agent/queue.test.ts" },
  },
  "agent-any-protocol": {
    breaks: "a request of another protocol is served",
    file: "src/agent/protocol.ts",
    old: 'if (spoken === protocolVersion) return "verb";',
    new: 'if (spoken !== "") return "verb";',
    by: { tests: "test/agent/protocol.test.ts" },
  },
  "agent-exit-lost": {
    breaks: "the exit code that is told is always 0",
    file: "src/agent/answers.ts",
    old: '"Fairway-Exit": exitCode,',
    new: '"Fairway-Exit": exitCode * 0,',
    by: { rows: ["add/exit", "environment/netns-empty", "config/name"] },
  },
  "agent-log-lost": {
    breaks: "the log is not passed on",
    file: "src/agent/answers.ts",
    old: "const log = fitting(encoder.encode(stderr),",
    new: "const log = fitting(encoder.encode(stderr.slice(0, 0)),",
    by: { rows: ["add/log"] },
  },
  "agent-name-ignored": {
    breaks: "fairway-ipam is served as fairway",
    file: "src/agent/verb-call.ts",
    old: "isIpam: name === ipamPluginName,",
    new: "isIpam: name === undefined,",
    by: { rows: ["ipam/"] },
  },
  "agent-trace-kept": {
    breaks: "what one verb has traced is told of the next, too",
    file: serves,
    old: "  forgetSpans();\n",
    new: "",
    by: { tests: "test/plugin/agent.test.ts", title: "FAIRWAY_TRACE" },
  },
  "launcher-declined-ends": {
    breaks: "where the agent declines, nobody runs the verb",
    file: "src/launcher/launcher.c",
    old: 'case TALK_DECLINED: become_full(argv, &kept, "declined");',
    new: "case TALK_DECLINED: _exit(1);",
    by: { tests: "test/launcher", title: "x64|stdin of" },
  },
  "launcher-add-again": {
    breaks: "an ADD that the agent has begun is begun again when the connection breaks",
    file: "src/launcher/launcher.c",
    old: 'if (strcmp(verb, "ADD") != 0) become_full',
    new: "if (verb[0] != 0) become_full",
    by: { tests: "test/launcher", title: "x64|acceptance" },
  },
  "launcher-stdin-not-rewound": {
    breaks: "the full executable finds stdin at its end",
    file: "src/launcher/keep.c",
    old: "return lseek(kept->file, 0, SEEK_SET) == 0 &&",
    new: "return lseek(kept->file, 0, SEEK_CUR) >= 0 &&",
    by: { tests: "test/launcher", title: "stdin" },
  },
  "launcher-waits-for-ever": {
    breaks: "an agent that has accepted is waited for without an end",
    file: "src/launcher/talk.c",
    old: "int ready = poll(&wait, 1, left > 0 ? (int)left : 0);",
    new: "int ready = poll(&wait, 1, talk->answer.accepted ? -1 : left > 0 ? (int)left : 0);",
    by: { tests: "test/launcher/answers.test.ts", title: "x64.*silent" },
  },
  "launcher-any-protocol": {
    breaks: "that the agent speaks another protocol is taken for an acceptance",
    file: "src/launcher/answer.c",
    old: "if (head->status == 102) {",
    new: "if (head->status == 102 || head->status == 426) {",
    by: { tests: "test/launcher/answers.test.ts", title: "x64" },
  },
  "launcher-exit-lost": {
    breaks: "the exit code is always 0",
    file: "src/launcher/launcher.c",
    old: "_exit(talk.answer.exit_code);",
    new: "_exit(talk.answer.exit_code * 0);",
    by: { tests: "test/launcher/answers.test.ts", title: "x64" },
  },
  "launcher-log-lost": {
    breaks: "the log is not printed",
    file: "src/launcher/launcher.c",
    old: "  write_all(STDERR_FILENO, body + talk.answer.stdout_length, talk.answer.length - talk.answer.stdout_length);\n",
    new: "",
    by: { tests: "test/launcher/answers.test.ts", title: "x64" },
  },
  "launcher-name-lost": {
    breaks: "the agent is told fairway, whatever the launcher was called",
    file: "src/launcher/request.c",
    old: 'is_ipam ? "FAIRWAY_AS=" IPAM_NAME',
    new: 'is_ipam && stdin_length == 0 ? "FAIRWAY_AS=" IPAM_NAME',
    by: { tests: "test/launcher/handover.test.ts", title: "to the agent, and keeps its name" },
  },
  "launcher-tells-everything": {
    breaks: "the agent is told the whole environment",
    file: "src/launcher/request.c",
    old: 'return begins_with(entry, "CNI_") ||',
    new: 'return entry[0] != 0 || begins_with(entry, "CNI_") ||',
    by: { tests: "test/launcher/handover.test.ts", title: "the agent is told" },
  },
  "launcher-door-left-open": {
    breaks: "an agent may accept a verb that the launcher has given up",
    file: "src/launcher/talk.c",
    old: "  shutdown(agent, SHUT_RD);\n",
    new: "",
    by: { tests: "test/launcher/late.test.ts" },
  },
};
