/** `fairway webhook` answers the API server's admission reviews, for clusters that lack policies which mutate. */
import { Command } from "commander";
import { classResource } from "../cluster/class-object.ts";
import { tell } from "../cni/log.ts";
import { parsePath } from "../config/paths.ts";
import { accessBy } from "./cluster-access.ts";
import { asUsage } from "./command-line.ts";
import { usage } from "./usage.ts";

interface WebhookCommandOptions {
  namespace: string;
  name: string;
  port: number;
  tiersFrom?: string;
  kubeconfig?: string;
}

/** As the API allows it for a namespace, a Service and its like (RFC 1123). */
const labelPattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const classPattern = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

const nameBy =
  (pattern: RegExp) =>
  (text: string): string => {
    if (pattern.test(text)) return text;
    throw new Error(`${JSON.stringify(text)} can name none: small letters, digits and hyphens do`);
  };

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new Error(`${text} is not a port from 1 to 65535`);
}

export function webhookCommand(): Command {
  return new Command("webhook")
    .exitOverride()
    .description(
      "answer admission reviews over HTTPS, where the API server has no policies that mutate, until told to end (SIGTERM)",
    )
    .option("--namespace <NAME>", "its own namespace", usage(nameBy(labelPattern)), "kube-system")
    .option(
      "--name <NAME>",
      "of its Service, of the Secret that keeps its certificate, and of the webhook configurations",
      usage(nameBy(labelPattern)),
      "fairway-webhook",
    )
    .option("--port <PORT>", "where it listens", usage(parsePort), 8443)
    .option(
      "--tiers-from <CLASS>",
      "the BandwidthClass whose tiers count for pods without guarantees of their own (else none)",
      usage(nameBy(classPattern)),
    )
    .option("--kubeconfig <FILE>", "how to reach the API server (else as a pod does)")
    .action(async (options: WebhookCommandOptions, command: Command) => {
      const { namespace, name, port, tiersFrom = null, kubeconfig } = options;
      const access = asUsage(command, () =>
        accessBy(kubeconfig === undefined ? undefined : parsePath(kubeconfig, "--kubeconfig")),
      );
      const ending = new AbortController();
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => ending.abort());
      // No other command needs it.
      const { runWebhook } = await import("../admission/webhook.ts");
      await runWebhook({
        ...{ access, namespace, name, port, tiersFrom, tell },
        ...{ signal: ending.signal, classesPath: classResource.path },
      });
    });
}
