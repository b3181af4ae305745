/** etcd and a Kubernetes API server alone, for tests of what asks one. Up in some seconds. */
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { minimalEnvironment } from "../../src/ops/child.ts";
import { insideNamespace } from "../../src/prove/lab/namespaces.ts";
import { admin, kubeconfigOf, makeKeys, type User } from "./keys.ts";
import { type Kubectl, kubectlOf } from "./kubectl.ts";
import type { Part } from "./machine/machine.ts";
import { addresses } from "./names.ts";
import { etcd, etcdConfig, kubeApiserver } from "./parts.ts";
import { run } from "./run.ts";
import { logsFolder } from "./tools.ts";

export interface ApiServer extends Kubectl {
  url: string;
  /** The file with the authority's certificate. */
  ca: string;
  /** The administrator's token, and a file that kubectl and others take. */
  token: string;
  kubeconfig: string;
  /** The same for one of the users that were given. */
  kubeconfigOf(user: User): string;
  /** Ends the API server by a signal; etcd stays. SIGSTOP and SIGCONT leave it where it is. */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** After it has ended. */
  start(): Promise<void>;
  down(): Promise<void>;
}

export interface ApiServerOptions {
  /** A network namespace with its loopback interface up; else the one that this process is in. */
  namespace?: string;
  /** Beside the administrator. */
  users?: readonly User[];
  /** More options of kube-apiserver. */
  flags?: readonly string[];
}

/** One that nobody listens on now. */
function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}

export async function apiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const { namespace, users = [], flags = [] } = options;
  const scratch = mkdtempSync(join(tmpdir(), "fairway-api-"));
  const logs = join(logsFolder, "api-server");
  mkdirSync(logs, { recursive: true });
  const inside = (argv: readonly string[]): string[] =>
    namespace === undefined ? [...argv] : insideNamespace(namespace, argv);
  const [port, client, peer] =
    namespace === undefined ? [freePort(), freePort(), freePort()] : [6443, 2379, 2380];
  const url = `https://127.0.0.1:${port}`;
  const names = ["IP:127.0.0.1", "DNS:localhost", "DNS:kubernetes.default.svc"];
  const keys = makeKeys(join(scratch, "keys"), names, [admin, ...users]);
  const kubeconfig = join(scratch, "admin.kubeconfig");
  writeFileSync(kubeconfig, kubeconfigOf(url, keys.ca, admin));
  const etcdFile = join(scratch, "etcd.yaml");
  writeFileSync(etcdFile, etcdConfig({ data: join(scratch, "etcd"), client, peer }));
  // Where it listens on the loopback interface only, it looks for an address of the host's to tell others.
  const more = [`--advertise-address=${addresses.control}`, ...flags];
  const server = kubeApiserver({ keys, etcdPort: client, address: "127.0.0.1", port, more });

  /** It dies with this process. */
  const started = ({ name, argv }: Part) => {
    const log = openSync(join(logs, `${name}.log`), "a");
    try {
      return Bun.spawn(["setpriv", "--pdeathsig", "KILL", ...inside(argv)], {
        ...{ env: minimalEnvironment(), cwd: scratch },
        ...{ stdin: "ignore", stdout: log, stderr: log },
      });
    } finally {
      closeSync(log);
    }
  };
  const kubectl = kubectlOf((argv, given) =>
    run(inside(argv), {
      ...given,
      env: { KUBECONFIG: kubeconfig, HOME: scratch, ...given?.env },
    }),
  );
  const store = started(etcd(etcdFile));
  let serving = started(server);
  const ready = (): Promise<void> =>
    kubectl.until("the API server is ready", async () => {
      if (serving.exitCode !== null) throw new Error(`it ended; see ${logs}`);
      const { code } = await kubectl.tryKubectl(["get", "--raw", "/readyz"]);
      return code === 0;
    });
  const down = async (): Promise<void> => {
    for (const child of [serving, store]) {
      child.kill("SIGKILL");
      await child.exited;
    }
    rmSync(scratch, { recursive: true, force: true });
  };
  try {
    await ready();
  } catch (error) {
    await down();
    throw error;
  }
  return {
    ...kubectl,
    ...{ url, ca: keys.ca, token: admin.token, kubeconfig, down },
    kubeconfigOf: (user) => kubeconfigOf(url, keys.ca, user),
    signal: async (signal) => {
      serving.kill(signal);
      if (signal !== "SIGSTOP" && signal !== "SIGCONT") await serving.exited;
    },
    start: async () => {
      serving = started(server);
      await ready();
    },
  };
}
