/**
 * Replicas of the webhook as processes beside an API server, by what the chart makes for them: its Service, whose
 * endpoints they are, its rights, its Secret and its configurations. All of it is in a network namespace of its own.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addNamespace, delNamespace, insideNamespace } from "../../src/prove/lab/namespaces.ts";
import { must as mustLab } from "../../src/prove/lab/run.ts";
import { type Manifest, rendered } from "../chart/helm.ts";
import { binary, repository } from "../support/binary.ts";
import { type ApiServer, apiServer } from "./api-server.ts";
import { kubeconfigOf } from "./keys.ts";
import type { Json } from "./kubectl.ts";
import { addresses, stemOf } from "./names.ts";
import { must } from "./run.ts";
import type { Answer } from "./tried.ts";

export const name = "fairway-webhook";
export const namespace = "kube-system";

/** Where each replica is, and its port: they share a namespace, and a replica listens on every address. */
const places = {
  one: { address: addresses.node(1), port: 8443 },
  two: { address: addresses.node(2), port: 8444 },
} as const;
type Place = keyof typeof places;

export interface Replica {
  /** What it wrote to its log so far. */
  log(): string;
  signal(signal: NodeJS.Signals): void;
  /** Tells it to end, or ends it, and waits for that. */
  end(): Promise<void>;
  kill(): Promise<void>;
}

export interface Beside {
  server: ApiServer;
  /** Does not wait for anything. */
  start(place: Place): Promise<Replica>;
  /** The certificate that a replica shows, as PEM. Throws where it shows none. */
  shown(place: Place): Promise<string>;
  /** What becomes of pods, none of which is kept. */
  ask(pods: readonly Json[]): Promise<Answer[]>;
  /** What the chart has made, by kind and name. */
  made(kind: string, of?: string): Manifest;
  down(): Promise<void>;
}

/** As the controllers of a cluster write it for the Service. */
const endpoint = (place: Place): Json => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: {
    ...{ name: `${name}-${place}`, namespace },
    labels: { "kubernetes.io/service-name": name },
  },
  addressType: "IPv4",
  endpoints: [{ addresses: [places[place].address], conditions: { ready: true } }],
  ports: [{ name: "https", port: places[place].port, protocol: "TCP" }],
});

/** An API server, and all of the chart with these values. No replica runs yet. */
export async function besideApiServer(...values: string[]): Promise<Beside> {
  const network = `${stemOf(process.pid)}-webhook`;
  const scratch = mkdtempSync(join(tmpdir(), "fairway-webhook-"));
  const manifests = rendered(...values.flatMap((value) => ["--set", value]));
  const replicas = new Set<Replica>();
  let server: ApiServer | null = null;
  const down = async (): Promise<void> => {
    for (const replica of replicas) replica.signal("SIGKILL");
    await server?.down();
    delNamespace(network);
    rmSync(scratch, { recursive: true, force: true });
  };
  try {
    addNamespace(network);
    for (const address of [addresses.control, places.one.address, places.two.address])
      mustLab(["ip", "-n", network, "address", "add", `${address}/32`, "dev", "lo"]);
    // By the endpoints of a Service, since nobody translates its own address.
    const flags = ["--enable-aggregator-routing=true"];
    const up = await apiServer({ namespace: network, flags });
    server = up;
    return { ...(await withChart(up)), down };
  } catch (error) {
    await down();
    throw error;
  }

  async function withChart(up: ApiServer): Promise<Omit<Beside, "down">> {
    await up.until("there is the namespace", async () => {
      const { code } = await up.tryKubectl(["get", "namespace", "default", namespace]);
      return code === 0;
    });
    await up.kubectl("create", "serviceaccount", "default");
    await up.kubectl("create", "serviceaccount", "default", "-n", namespace);
    await up.apply(manifests as unknown as Json[]);
    await up.apply((Object.keys(places) as Place[]).map(endpoint));
    const made: Beside["made"] = (kind, of = name) => {
      const found = manifests.find((each) => each.kind === kind && each.metadata.name === of);
      if (found === undefined) throw new Error(`the chart makes no ${kind} ${of}`);
      return found;
    };
    const inside = (argv: readonly string[]): string[] => insideNamespace(network, argv);
    return {
      ...{ server: up, made },
      start: async (place) => {
        const token = await up.kubectl("create", "token", name, "-n", namespace);
        const kubeconfig = join(scratch, `${place}.kubeconfig`);
        const user = { name, token: token.trim(), groups: [] };
        writeFileSync(kubeconfig, kubeconfigOf(up.url, up.ca, user), { mode: 0o600 });
        const [container] = made("Deployment").spec?.template?.spec.containers ?? [];
        const own = ["--port", String(places[place].port), "--kubeconfig", kubeconfig];
        const replica = started(inside([binary, ...(container?.args ?? []), ...own]));
        replicas.add(replica);
        return replica;
      },
      shown: async (place) => {
        const { address, port } = places[place];
        const asked = ["openssl", "s_client", "-connect", `${address}:${port}`];
        const said = await must(inside(asked), { stdin: "" });
        const [pem] =
          /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(said) ?? [];
        if (pem === undefined) throw new Error(said);
        return pem;
      },
      ask: async (pods) => {
        const program = join(repository, "test/cluster/tried-main.ts");
        const asked = inside([process.execPath, program, up.kubeconfig]);
        return JSON.parse(await must(asked, { stdin: JSON.stringify(pods) })) as Answer[];
      },
    };
  }
}

function started(argv: readonly string[]): Replica {
  const child = Bun.spawn(["setpriv", "--pdeathsig", "KILL", ...argv], {
    ...{ stdin: "ignore", stdout: "inherit", stderr: "pipe" },
    env: { PATH: process.env.PATH ?? "", LC_ALL: "C" },
  });
  let log = "";
  const reading = (async () => {
    for await (const chunk of child.stderr) log += Buffer.from(chunk).toString();
  })();
  const ended = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await child.exited;
    await reading;
  };
  return {
    log: () => log,
    signal: (signal) => child.kill(signal),
    end: () => ended("SIGTERM"),
    kill: () => ended("SIGKILL"),
  };
}
