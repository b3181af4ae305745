/** By what means the agent is known to the API server: read anew from time to time, since tokens expire. */
import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { FairwayError, messageOf } from "../errors.ts";
import { KubeError } from "./kube-error.ts";
import { type Described, type Material, parseKubeconfig } from "./kubeconfig.ts";

export interface Credentials {
  token: string | null;
  tls: { ca?: string; cert?: string; key?: string };
}

/** The kubelet writes a new token when four fifths of the old one's time are over, which is minutes before its end. */
const keptMs = 60_000;
/** Larger files are not what they are taken for. */
const mostBytes = 1024 * 1024;

export class Access {
  readonly #described: Described;
  /** The path of the Unix socket by which the server is reached; null means that its name tells that. */
  readonly socket: string | null;
  #kept: { credentials: Credentials; untilMs: number } | null = null;

  constructor(described: Described, socket: string | null = null) {
    this.#described = described;
    this.socket = socket;
  }

  get server(): string {
    return this.#described.server;
  }

  /** The API server did not know what was last given: it is read again. */
  forget(): void {
    this.#kept = null;
  }

  /** Throws KubeError where a file cannot be read. */
  credentials(nowMs: number): Credentials {
    if (this.#kept === null || nowMs >= this.#kept.untilMs)
      this.#kept = { credentials: this.#read(), untilMs: nowMs + keptMs };
    return this.#kept.credentials;
  }

  #read(): Credentials {
    const { ca, certificate, key, token } = this.#described;
    return {
      token: token === null ? null : textOf(token).trim(),
      tls: {
        ...(ca !== null && { ca: textOf(ca) }),
        ...(certificate !== null && { cert: textOf(certificate) }),
        ...(key !== null && { key: textOf(key) }),
      },
    };
  }
}

function readSmall(file: string): string {
  const { size } = statSync(file);
  if (size > mostBytes) throw new Error(`${file} has ${size} bytes`);
  return readFileSync(file, "utf8");
}

function textOf(material: Material): string {
  if (material.from === "text") return material.text;
  try {
    return readSmall(material.file);
  } catch (error) {
    throw new KubeError(null, "Credentials", `cannot read ${material.file}: ${messageOf(error)}`);
  }
}

/** Where the kubelet puts what a pod is known by (the API's own name for it). */
const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

type Environment = Readonly<Record<string, string | undefined>>;

/** The API server as a pod knows it. Throws badConfig outside of a pod. */
export function podAccess(env: Environment, folder = serviceAccountFolder): Access {
  const { KUBERNETES_SERVICE_HOST: host = "", KUBERNETES_SERVICE_PORT: port = "443" } = env;
  if (host === "")
    throw new FairwayError(
      "badConfig",
      "an API server is needed, and there is no KUBERNETES_SERVICE_HOST: this is not a pod",
      "give --kubeconfig FILE outside of a pod",
    );
  const file = (name: string): Material => ({ from: "file", file: join(folder, name) });
  return new Access({
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    ca: file("ca.crt"),
    token: file("token"),
    certificate: null,
    key: null,
  });
}

/** Throws badConfig, and io where the file cannot be read. */
export function kubeconfigAccess(file: string): Access {
  let text: string;
  try {
    text = readSmall(file);
  } catch (error) {
    throw new FairwayError(
      "io",
      `cannot read the kubeconfig ${file}: ${messageOf(error)}`,
      "give the path of a file that is there",
    );
  }
  return new Access(parseKubeconfig(text, dirname(file)));
}

/** By the Unix socket of a proxy on this machine, which makes whoever asks known (`kubectl proxy`). */
export const proxyAccess = (socket: string): Access =>
  new Access(
    { server: "http://localhost", ca: null, token: null, certificate: null, key: null },
    socket,
  );
