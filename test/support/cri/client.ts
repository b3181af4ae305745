/** A small client of the Container Runtime Interface (runtime.v1), what a kubelet calls for a pod's sandbox. */
import { type GrpcClient, grpcClient } from "./grpc.ts";
import { decode, encode, type Fields, type Message, mapField } from "./protobuf.ts";

interface PodSpec {
  name: string;
  namespace: string;
  uid: string;
  annotations?: Record<string, string>;
  /** Where its cgroups go. */
  cgroupParent: string;
}

interface SandboxStatus {
  id: string;
  ready: boolean;
  /** Its primary address and all others; "" before it has one. */
  addresses: string[];
}

interface Condition {
  type: string;
  status: boolean;
  reason: string;
  message: string;
}

export interface Cri {
  version(): Promise<{ name: string; version: string }>;
  /** `info` is what the runtime tells of itself, JSON by name. */
  status(): Promise<{ conditions: Condition[]; info: Record<string, string> }>;
  /** The sandbox's id. `limitMs`: the deadline that goes to the runtime with the call. */
  runPodSandbox(pod: PodSpec, limitMs?: number): Promise<string>;
  stopPodSandbox(id: string): Promise<void>;
  removePodSandbox(id: string): Promise<void>;
  podSandboxStatus(id: string): Promise<SandboxStatus>;
  listPodSandbox(): Promise<{ id: string; name: string; ready: boolean }[]>;
  hasImage(reference: string): Promise<boolean>;
  close(): void;
}

/** PodSandboxState of the interface's definition: SANDBOX_READY is 0, the default. */
const readyState = 0;

function sandboxConfig({ name, namespace, uid, annotations = {}, cgroupParent }: PodSpec): Fields {
  return [
    [
      1,
      [
        [1, name],
        [2, uid],
        [3, namespace],
      ],
    ],
    [2, name],
    ...mapField(7, annotations),
    [8, [[1, cgroupParent]]],
  ];
}

function readStatus(status: Message): SandboxStatus {
  const network = status.message(5);
  const others = network.messages(2).map((ip) => ip.text(1));
  return {
    id: status.text(1),
    ready: status.number(3) === readyState,
    addresses: [network.text(1), ...others],
  };
}

export function criClient(socketPath: string): Cri {
  const client: GrpcClient = grpcClient(socketPath);
  const call = async (
    service: string,
    method: string,
    fields: Fields,
    limitMs?: number,
  ): Promise<Message> =>
    decode(await client.call(`/runtime.v1.${service}/${method}`, encode(fields), limitMs));
  const runtime = (method: string, fields: Fields, limitMs?: number) =>
    call("RuntimeService", method, fields, limitMs);
  return {
    version: async () => {
      const answer = await runtime("Version", []);
      return { name: answer.text(2), version: answer.text(3) };
    },
    status: async () => {
      const answer = await runtime("Status", [[1, 1]]);
      const conditions = answer.message(1).messages(1);
      return {
        conditions: conditions.map((c) => ({
          type: c.text(1),
          status: c.number(2) === 1,
          reason: c.text(3),
          message: c.text(4),
        })),
        info: Object.fromEntries(answer.messages(2).map((entry) => [entry.text(1), entry.text(2)])),
      };
    },
    runPodSandbox: async (pod, limitMs) =>
      (await runtime("RunPodSandbox", [[1, sandboxConfig(pod)]], limitMs)).text(1),
    stopPodSandbox: async (id) => void (await runtime("StopPodSandbox", [[1, id]])),
    removePodSandbox: async (id) => void (await runtime("RemovePodSandbox", [[1, id]])),
    podSandboxStatus: async (id) =>
      readStatus((await runtime("PodSandboxStatus", [[1, id]])).message(1)),
    listPodSandbox: async () =>
      (await runtime("ListPodSandbox", [])).messages(1).map((item) => ({
        id: item.text(1),
        name: item.message(2).text(1),
        ready: item.number(3) === readyState,
      })),
    hasImage: async (reference) =>
      (await call("ImageService", "ImageStatus", [[1, [[1, reference]]]])).has(1),
    close: () => client.close(),
  };
}
