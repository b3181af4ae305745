/** Lists the sandboxes that a container runtime knows (k8s.io/cri-api, runtime.v1, ListPodSandbox). */
import { FairwayError } from "../errors.ts";
import { unary } from "./call.ts";
import { fieldsOf, textOf } from "./protobuf.ts";

const method = "/runtime.v1.RuntimeService/ListPodSandbox";
/** The fields are ListPodSandboxResponse.items, PodSandbox.id and PodSandbox.annotations. */
const itemsField = 1;
const idField = 1;
const annotationsField = 6;
/** A map's entry is a message of a key and a value. */
const [keyField, valueField] = [1, 2];

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

/** null means that the field is not there, which is how protobuf writes what is empty. */
function textAt(message: Uint8Array, number: number): string | null {
  const field = fieldsOf(message).find((each) => each.number === number);
  return field === undefined || field.bytes.length === 0 ? null : textOf(field.bytes);
}

function annotationsIn(sandbox: Uint8Array): Record<string, string> {
  const entries = fieldsOf(sandbox).filter(({ number }) => number === annotationsField);
  return Object.fromEntries(
    entries.map(({ bytes }) => [textAt(bytes, keyField) ?? "", textAt(bytes, valueField) ?? ""]),
  );
}

/** Throws decode. */
function sandboxOf(bytes: Uint8Array): Sandbox {
  const id = textAt(bytes, idField);
  if (id !== null) return { id, annotations: annotationsIn(bytes) };
  throw new FairwayError(
    "decode",
    "the runtime's list has a sandbox without an id",
    "does the socket lead to a container runtime?",
  );
}

/** What a ListPodSandboxResponse lists. Throws decode. */
export const sandboxesIn = (response: Uint8Array): Sandbox[] =>
  fieldsOf(response)
    .filter(({ number }) => number === itemsField)
    .map(({ bytes }) => sandboxOf(bytes));

async function ask(endpoint: string, timeLimitMs: number): Promise<Sandbox[]> {
  const socket = socketPath(endpoint);
  // An empty request has no filter, so it asks for all of them.
  return sandboxesIn(await unary({ socket, method, message: new Uint8Array(), timeLimitMs }));
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
