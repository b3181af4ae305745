/**
 * One execution of a plugin on a node of the bench, as a runtime does it: the plugin is this process's
 * own child, in the node's namespace, so that no tool stands in between and takes time of its own.
 */
import { inNetns } from "../../src/kernel/netns.ts";
import { minimalEnvironment } from "../../src/ops/child.ts";
import { namespacePath } from "../../src/prove/lab/namespaces.ts";

export type Json = Record<string, unknown>;
export type Verb = "ADD" | "CHECK" | "DEL";

/** What a verb is asked of: an interface in a namespace. */
export interface BenchPod {
  containerId: string;
  netns: string;
  ifname: string;
}

export interface Execution {
  file: string;
  verb: Verb;
  pod: BenchPod;
  config: Json;
  /** Over what every plugin gets. */
  env?: Record<string, string>;
}

export interface Ended {
  /** From before its start until it has ended and all that it printed is here. */
  ms: number;
  stdout: string;
}

/** Where its node is, and where it looks for an IPAM plugin. */
export interface Place {
  node: string;
  pluginFolder: string;
}

const LIMIT_MS = 60_000;

function optionsOf({ verb, pod, config, env = {} }: Execution, pluginFolder: string) {
  return {
    stdin: new TextEncoder().encode(JSON.stringify(config)),
    stdout: "pipe",
    stderr: "pipe",
    cwd: "/",
    env: {
      ...minimalEnvironment(),
      CNI_COMMAND: verb,
      CNI_CONTAINERID: pod.containerId,
      CNI_NETNS: pod.netns,
      CNI_IFNAME: pod.ifname,
      CNI_PATH: pluginFolder,
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=bench;K8S_POD_NAME=${pod.containerId}`,
      ...env,
    },
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
  } as const;
}

function failed({ file, verb, pod }: Execution, code: number | null, said: string): Error {
  const name = file.replace(/^.*\//, "");
  return new Error(`${name} ${verb} of ${pod.containerId} ended with ${code}: ${said.trim()}`);
}

/** Alone: nothing else of this process runs meanwhile. Throws what the plugin said. */
export function execute(execution: Execution, { node, pluginFolder }: Place): Ended {
  return inNetns(namespacePath(node), () => executeHere(execution, pluginFolder));
}

/** The same in the namespace that this process is in. */
export function executeHere(execution: Execution, pluginFolder: string): Ended {
  const { ms, stdout } = spawn([execution.file], execution, pluginFolder);
  return { ms, stdout };
}

function spawn(
  argv: string[],
  execution: Execution,
  pluginFolder: string,
): Ended & { stderr: string } {
  const options = optionsOf(execution, pluginFolder);
  const fromMs = performance.now();
  const child = Bun.spawnSync(argv, options);
  const ms = performance.now() - fromMs;
  const [stdout, stderr] = [child.stdout.toString(), child.stderr.toString()];
  if (child.exitCode === 0) return { ms, stdout, stderr };
  throw failed(execution, child.exitCode, stdout + stderr);
}

/**
 * getrusage(RUSAGE_CHILDREN) of a small process in between: a child of ours would be charged with our own
 * memory, which it shares until it executes (exec_mmap in the kernel's fs/exec.c keeps the old maximum).
 * ru_maxrss stands after two timevals of 16 bytes, in KiB; 98 is the call's number on x86-64.
 */
const memoryScript = `
my $status = system { $ARGV[0] } @ARGV;
my $usage = chr(0) x 144;
syscall(98, -1, $usage);
print STDERR "\\nmax-rss-kib ", unpack("x32 q", $usage), "\\n";
exit($status == 0 ? 0 : 1);
`;

/** The same, and the most memory that the largest of its processes had; null: it cannot be known here. */
export function executeForMemory(
  execution: Execution,
  place: Place,
): Ended & { maxRssMiB: number | null } {
  if (process.arch !== "x64" || Bun.which("perl") === null)
    return { ...execute(execution, place), maxRssMiB: null };
  const argv = ["perl", "-e", memoryScript, "--", execution.file];
  const { ms, stdout, stderr } = inNetns(namespacePath(place.node), () =>
    spawn(argv, execution, place.pluginFolder),
  );
  const kib = /^max-rss-kib (\d+)$/m.exec(stderr)?.[1];
  return { ms, stdout, maxRssMiB: kib === undefined ? null : Number(kib) / 1024 };
}

/** Beside others. Throws what the plugin said. */
export async function executeBeside(execution: Execution, place: Place): Promise<Ended> {
  const options = optionsOf(execution, place.pluginFolder);
  const fromMs = performance.now();
  const child = inNetns(namespacePath(place.node), () => Bun.spawn([execution.file], options));
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const ms = performance.now() - fromMs;
  if (code === 0) return { ms, stdout };
  throw failed(execution, code, stdout + stderr);
}
