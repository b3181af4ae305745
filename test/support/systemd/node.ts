/** A node with a real systemd, on which Fairway is installed in its usual places, and verbs as a runtime asks. */
import { type CommandResult, minimalEnvironment } from "../../../src/ops/child.ts";
import { withLab } from "../../../src/prove/lab/lab.ts";
import { namespacePath } from "../../../src/prove/lab/namespaces.ts";
import { binary } from "../binary.ts";
import { type Machine, withMachine } from "./machine.ts";

type Json = Record<string, unknown>;

export const unit = "fairway-agent.service";
export const plugin = "/opt/cni/bin/fairway";
const conf = "/etc/cni/net.d/10-fairway.conflist";

const conflist = {
  cniVersion: "1.1.0",
  name: "pods",
  plugins: [
    {
      type: "fairway",
      capabilities: { "io.kubernetes.cri.pod-annotations": true },
      ipMasq: true,
      uplink: {
        ...{ name: "uplink", egressCapacity: "400M", ingressCapacity: "400M" },
        gsoMaxSize: 9000,
      },
      ipam: {
        ranges: [[{ subnet: "198.19.1.0/24" }], [{ subnet: "fd00:1::/64" }]],
        routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
      },
    },
  ],
};

const annotations = {
  "fairway.dev/egress-guarantee": "20M",
  "fairway.dev/ingress-guarantee": "20M",
  "fairway.dev/latency-target": "5ms",
};

export interface SystemdNode extends Machine {
  /** The built executable, as an operator calls it. */
  fairway(...args: string[]): CommandResult;
  install(...args: string[]): CommandResult;
  /** Makes a pod's namespace, and returns its name. */
  addPod(name: string): string;
  /** The installed plugin with the installed conflist; by another name, or with other keys. */
  verb(verb: string, pod: string, over?: { as?: string; config?: Json }): CommandResult;
  /** The same, beside others. */
  start(verb: string, pod: string, over?: { config?: Json }): Promise<CommandResult>;
  /**
   * ADD, CHECK and DEL of a pod. Each must succeed. Returns the processes that did them, each by the id that
   * it has on the node.
   */
  cycle(pod: string): number[];
  agentPid(): number;
}

/** What the log line on stderr says. */
const workerOf = ({ stderr }: CommandResult): number =>
  Number((JSON.parse(stderr.trim().split("\n").at(-1) ?? "{}") as Json).pid);

function succeeded(what: string, done: CommandResult): CommandResult {
  if (done.code === 0) return done;
  throw new Error(`${what} ended with ${done.code}: ${done.stdout}${done.stderr}`);
}

export async function withSystemdNode(
  use: (node: SystemdNode) => void | Promise<void>,
): Promise<void> {
  await withLab({ prefix: "fws" }, (lab) =>
    withMachine(lab.node, (machine) => {
      const fairway: SystemdNode["fairway"] = (...args) => machine.run([binary, ...args]);
      /** What a runtime makes of the installed conflist. */
      const call = (name: string, pod: string, config: Json) => {
        const installed = JSON.parse(machine.must("cat", conf)) as typeof conflist;
        const { cniVersion, plugins } = installed;
        const request = {
          ...{ ...plugins[0], name: installed.name, cniVersion },
          runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations },
          ...config,
        };
        return {
          stdin: JSON.stringify(request),
          env: {
            ...{ CNI_COMMAND: name, CNI_CONTAINERID: pod, CNI_IFNAME: "eth0" },
            ...{ CNI_NETNS: namespacePath(pod), CNI_PATH: "/opt/cni/bin" },
          },
        };
      };
      const verb: SystemdNode["verb"] = (name, pod, { as = plugin, config = {} } = {}) =>
        machine.run([as], call(name, pod, config));
      return use({
        ...machine,
        fairway,
        install: (...args) =>
          machine.run([binary, "install", "--conflist", "/dev/stdin", ...args], {
            stdin: JSON.stringify(conflist),
          }),
        addPod: (name) => lab.addPod(name),
        verb,
        start: async (name, pod, { config = {} } = {}) => {
          const { stdin, env } = call(name, pod, config);
          const child = Bun.spawn(machine.inside([plugin]), {
            ...{ stdin: new TextEncoder().encode(stdin), stdout: "pipe", stderr: "pipe" },
            ...{ env: { ...minimalEnvironment(), ...env }, timeout: 60_000 },
          });
          const [stdout, stderr, code] = await Promise.all([
            new Response(child.stdout).text(),
            new Response(child.stderr).text(),
            child.exited,
          ]);
          return { code, stdout, stderr };
        },
        cycle: (pod) => {
          const added = succeeded("ADD", verb("ADD", pod));
          const prevResult = JSON.parse(added.stdout) as Json;
          const checked = succeeded("CHECK", verb("CHECK", pod, { config: { prevResult } }));
          return [added, checked, succeeded("DEL", verb("DEL", pod))].map(workerOf);
        },
        agentPid: () => Number(machine.property(unit, "MainPID")),
      });
    }),
  );
}
