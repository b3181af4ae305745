/** Lists the sandboxes that a container runtime knows (k8s.io/cri-api, runtime.v1, ListPodSandbox). */
import { FairwayError } from "../errors.ts";
import { unary } from "./call.ts";
import { fieldsOf, textOf } from "./protobuf.ts";

const method = "/runtime.v1.RuntimeService/ListPodSandbox";
/** The fields are ListPodSandboxResponse.items and PodSandbox.id. */
const itemsField = 1;
const idField = 1;

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

/** The ids in a ListPodSandboxResponse. Throws decode. */
export function sandboxIds(response: Uint8Array): string[] {
  return fieldsOf(response)
    .filter(({ number }) => number === itemsField)
    .map(({ bytes }) => {
      const id = fieldsOf(bytes).find(({ number }) => number === idField);
      if (id !== undefined && id.bytes.length > 0) return textOf(id.bytes);
      throw new FairwayError(
        "decode",
        "the runtime's list has a sandbox without an id",
        "does the socket lead to a container runtime?",
      );
    });
}

/** Lists sandboxes in every state: one that has stopped has a DEL to come. Throws badConfig, io, decode. */
export async function listSandboxes(
  endpoint: string,
  timeLimitMs = defaultTimeLimitMs,
): Promise<string[]> {
  const socket = socketPath(endpoint);
  // An empty request has no filter, so it asks for all of them.
  return sandboxIds(await unary({ socket, method, message: new Uint8Array(), timeLimitMs }));
}
