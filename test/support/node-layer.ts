/** The verbs' inner half in this process, on a test's node: for tests that are about many of them. */

import { attachAskOf, networkPart } from "../../src/cni/attach-ask.ts";
import type { RawConfig } from "../../src/cni/request.ts";
import { NetlinkSocket } from "../../src/kernel/netlink/socket.ts";
import { inNetns } from "../../src/kernel/netns.ts";
import { linkNamed } from "../../src/kernel/read/links.ts";
import { classesOf } from "../../src/kernel/read/tc.ts";
import { type Ledger, openLedger } from "../../src/ledger/ledger.ts";
import { bootId } from "../../src/node/facts/open.ts";
import { attach } from "../../src/node/verbs/attach.ts";
import { changePromise } from "../../src/node/verbs/change-promise.ts";
import type { Attachment, AttachmentKey } from "../../src/plan/node.ts";
import { settlementOf } from "../../src/promise/ask.ts";
import { parseNetworkConfig } from "../../src/promise/network-config.ts";
import { namespacePath } from "../../src/prove/lab/namespaces.ts";
import type { Pod, TestNode } from "./node.ts";

export type Annotations = Record<string, string>;

/** HTB's own, in bytes per second. */
interface ClassRates {
  rateBytes: number;
  ceilBytes: number;
}

export interface NodeLayer extends Disposable {
  ledger: Ledger;
  /** Synchronous work in the node's namespace. */
  on<T>(work: () => T): T;
  add(pod: Pod, annotations?: Annotations): Attachment;
  set(key: AttachmentKey, annotations: Annotations): void;
  keyOf(pod: Pod): AttachmentKey;
  /** A namespace's devices go a moment after it. */
  waitForNoLink(name: string): void;
  /** HTB's classes of a device, by class id. */
  classes(dev: string): Map<string, ClassRates>;
}

function classes(dev: string): Map<string, ClassRates> {
  using socket = new NetlinkSocket();
  const index = linkNamed(socket, dev)?.index;
  if (index === undefined) return new Map();
  return new Map(
    classesOf(socket, index).flatMap(({ handle, htb }) =>
      htb === undefined ? [] : [[handle, htb]],
    ),
  );
}

function hasLink(name: string): boolean {
  using socket = new NetlinkSocket();
  return linkNamed(socket, name) !== null;
}

export function nodeLayer(node: TestNode): NodeLayer {
  const ledger = openLedger({ dir: node.dataDir, bootId: bootId() });
  const netns = namespacePath(node.lab.node);
  const configWith = (annotations: Annotations): RawConfig => ({
    ...node.config,
    runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations },
  });
  const on = <T>(work: () => T): T => inNetns(netns, work);
  const keyOf = ({ containerId }: Pod): AttachmentKey => ({
    network: String(node.config.name),
    containerId,
    ifname: "eth0",
  });
  return {
    ledger,
    on,
    keyOf,
    add: (pod, annotations = {}) =>
      on(() => {
        const raw = configWith(annotations);
        const config = parseNetworkConfig(raw);
        const { containerId, netns: podNetns } = pod;
        const request = { containerId, ifname: "eth0", netns: podNetns, args: {} };
        return attach(ledger, attachAskOf(request, config, null), networkPart(raw, config));
      }),
    set: (key, annotations) =>
      on(() => {
        const { tiers, defaultTier } = parseNetworkConfig(configWith({}));
        const asked = settlementOf({
          annotations,
          bandwidth: null,
          tiers,
          defaultTier,
          rules: null,
        });
        const asks = { annotations: {}, bandwidth: null, overrides: annotations };
        changePromise(ledger, { key, ask: () => ({ asks, asked }) });
      }),
    waitForNoLink: (name) => {
      const deadlineMs = performance.now() + 10_000;
      while (on(() => hasLink(name)))
        if (performance.now() > deadlineMs) throw new Error(`${name} stays`);
        else Bun.sleepSync(5);
    },
    classes: (dev) => on(() => classes(dev)),
    [Symbol.dispose]: () => ledger.close(),
  };
}
