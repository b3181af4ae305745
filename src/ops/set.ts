/** `fairway set`: another promise for a living pod, and back. */
import { Command } from "commander";
import { asksForAddress } from "../config/address-ask.ts";
import { rulesOf } from "../config/policy.ts";
import type { NetworkConfig } from "../config/types.ts";
import { FairwayError } from "../errors.ts";
import type { LedgerView } from "../ledger/ledger.ts";
import { changePromise } from "../node/change.ts";
import { promiseInForce } from "../node/in-force.ts";
import { type Attachment, attachmentName, type PodAsks, type PodPromise } from "../plan/node.ts";
import { promiseOf } from "../promise/ask.ts";
import {
  type CommonOptions,
  networkConfigOf,
  withCommonOptions,
  withWritableLedger,
} from "./context.ts";
import { promiseLines } from "./explain.ts";

interface Options extends CommonOptions {
  reset?: boolean;
  containerId?: string;
}

const prefix = "fairway.dev/";

function podNamed(ledger: LedgerView, pod: string, options: Options): Attachment {
  const [namespace = "", name = ""] = pod.includes("/") ? pod.split("/", 2) : ["default", pod];
  const found = ledger.attachments
    .byPod(namespace, name)
    .filter((a) => options.containerId === undefined || a.containerId === options.containerId)
    .filter((a) => options.network === undefined || a.network === options.network);
  const [only, ...more] = found;
  if (only !== undefined && more.length === 0) return only;
  throw only === undefined
    ? new FairwayError(
        "unknownContainer",
        `the ledger knows no pod ${namespace}/${name}`,
        "`fairway status` lists the pods; give NAMESPACE/NAME",
      )
    : new FairwayError(
        "badConfig",
        `pod ${namespace}/${name} has ${found.length} attachments: ${found.map(attachmentName).join(", ")}`,
        "say which with --container-id or --network",
      );
}

function changesOf(pairs: string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, key = "", value = ""] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
      const name = key.startsWith(prefix) ? key : `${prefix}${key}`;
      if (asksForAddress({ [name]: value }))
        throw new FairwayError(
          "badConfig",
          `${name}: the address of a living pod cannot be changed`,
          "put the annotation on the pod, and recreate it",
        );
      if (key !== "") return [name, value];
      throw new FairwayError(
        "badConfig",
        `${pair} is not KEY=VALUE`,
        "for example egress-guarantee=300M",
      );
    }),
  );
}

/** What was set before stays, unless it is set anew. */
function asksWith(former: PodAsks, changes: Record<string, string> | null): PodAsks {
  return { ...former, overrides: changes === null ? null : { ...former.overrides, ...changes } };
}

/** The policy's limits are for pods without one of their own; what the operator sets is not asked of it. */
function promiseWith(asks: PodAsks, config: NetworkConfig, namespace: string | null): PodPromise {
  const { annotations, bandwidth, overrides } = asks;
  const { tiers, defaultTier, policy } = config;
  return promiseOf({
    annotations: { ...annotations, ...overrides },
    bandwidth,
    tiers,
    defaultTier,
    rules: policy === null ? null : rulesOf(policy, namespace),
  });
}

/** Of one that is in the ledger; with the burst that a latency target leaves it. */
function promiseOfPod(ledger: LedgerView, key: Attachment): PodPromise | undefined {
  const found = ledger.attachments.find(key);
  const trees = ledger.network(key.network)?.base.trees;
  if (found === null || trees === undefined) return found?.promise;
  return promiseInForce(ledger, found, trees).promise;
}

function set(pod: string, pairs: string[], options: Options): void {
  if (options.reset === true ? pairs.length > 0 : pairs.length === 0)
    throw new FairwayError(
      "badConfig",
      "give KEY=VALUE, or --reset alone",
      "for example: fairway set shop/cart egress-guarantee=300M",
    );
  withWritableLedger(options, (ledger) => {
    const attachment = podNamed(ledger, pod, options);
    const config = networkConfigOf({ ...options, network: attachment.network }, ledger, {});
    const asks = asksWith(attachment.asks, options.reset === true ? null : changesOf(pairs));
    const steps = changePromise(
      ledger,
      attachment,
      promiseWith(asks, config, attachment.podNamespace),
      asks,
      config.tiers,
    );
    const now = promiseOfPod(ledger, attachment);
    const lines = [
      ...(now === undefined ? [] : promiseLines(now)),
      ...steps.map((step) => `${step.op}: ${step.why}`),
    ];
    process.stdout.write(`${lines.join("\n")}\n`);
  });
}

export function setCommand(): Command {
  return withCommonOptions(new Command("set"))
    .description("change the promise of a living pod, until --reset or its end")
    .argument("<NAMESPACE/POD>", "the pod, as Kubernetes names it")
    .argument("[KEY=VALUE...]", "as the annotations below fairway.dev/: egress-guarantee=300M")
    .option("--reset", "back to what the pod's own annotations say")
    .option("--container-id <ID>", "which, where the pod has several attachments")
    .action(set);
}
