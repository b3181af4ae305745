/** Lists the sandboxes that a container runtime knows (k8s.io/cri-api, runtime.v1, ListPodSandbox). */
import { FairwayError } from "../errors.ts";
import { CallError, unary } from "../grpc/call.ts";
import { Service } from "../grpc/method.ts";
import text from "../grpc/protos/cri.proto" with { type: "text" };

/** A runtime answers from memory; kubelet gives it 2 minutes. */
const defaultTimeLimitMs = 30_000;

/**
 * The path of "unix:///run/containerd/containerd.sock", which is how kubelet and crictl take it, or of a path
 * alone. Throws badConfig.
 */
export function socketPath(endpoint: string): string {
  const path = endpoint.replace(/^unix:\/\//, "");
  if (path.startsWith("/")) return path;
  throw new FairwayError(
    "badConfig",
    `--cri: ${JSON.stringify(endpoint)} is not the address of a Unix socket`,
    "for example unix:///run/containerd/containerd.sock",
  );
}

interface Sandbox {
  id: string;
  annotations: Record<string, string>;
}

/** An empty request has no filter, so it asks for all of them. */
type ListRequest = Record<string, never>;

const listMethod = new Service(text, "runtime.v1.RuntimeService").method<
  ListRequest,
  { items: Sandbox[] }
>("ListPodSandbox");

function noList(socket: string, error: CallError): FairwayError {
  if (error.isUnimplemented)
    return new FairwayError(
      "io",
      `what listens at ${socket} does not know ${listMethod.path}: ${error.message}`,
      "it is no container runtime, or one without the interface runtime.v1 (containerd has it from 1.6 on)",
      { cause: error },
    );
  return new FairwayError(
    "io",
    `the container runtime at ${socket} gave no answer: gRPC status ${error.code}, ${error.message || "no message"}`,
    "give --cri the runtime's socket, such as unix:///run/containerd/containerd.sock, and run as root",
    { cause: error },
  );
}

async function ask(endpoint: string, timeLimitMs: number): Promise<Sandbox[]> {
  const socket = socketPath(endpoint);
  try {
    const { items } = await unary({ socket, method: listMethod, asked: {}, timeLimitMs });
    if (items.every(({ id }) => id !== "")) return items;
  } catch (error) {
    throw error instanceof CallError ? noList(socket, error) : error;
  }
  throw new FairwayError(
    "decode",
    "the runtime's list has a sandbox without an id",
    "does the socket lead to a container runtime?",
  );
}

/** Lists sandboxes in every state: one that has stopped has a DEL to come. Throws badConfig, io, decode. */
export async function listSandboxes(
  endpoint: string,
  timeLimitMs = defaultTimeLimitMs,
): Promise<string[]> {
  return (await ask(endpoint, timeLimitMs)).map(({ id }) => id);
}

/** The annotations of each sandbox, by its id, as the pod had them when it began. Throws as above. */
export async function listAnnotations(
  endpoint: string,
): Promise<Map<string, Record<string, string>>> {
  const all = await ask(endpoint, defaultTimeLimitMs);
  return new Map(all.map(({ id, annotations }) => [id, annotations]));
}
