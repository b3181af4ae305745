/**
 * Keeps the webhook's certificate: it is read from the Secret, made where it has to be, told to the API server and only
 * then served. All replicas do the same, and the Secret's version decides whose new one it is.
 */
import { isObject, type JsonObject } from "../config/section.ts";
import { FairwayError, messageOf } from "../errors.ts";
import type { KubeClient } from "../kube/client.ts";
import { sleep } from "../kube/follow.ts";
import { isConflict, isMissing } from "../kube/kube-error.ts";
import type { Tell } from "../tell.ts";
import { type KeyPair, makeCertificate } from "./certificate.ts";
import { backdatedMs, lifetimeMs, planCertificate } from "./certificate-plan.ts";
import { trusting } from "./configuration.ts";
import { keeping, keptIn } from "./secret.ts";

export interface KeeperOptions {
  client: KubeClient;
  namespace: string;
  /** Of the Service, of the Secret, and of the configurations alike. */
  name: string;
  tell: Tell;
  /** Called with what is to be served from now on, before anything is served and whenever it is another. */
  serve(kept: KeyPair): Promise<void>;
  signal: AbortSignal;
}

/** How often it is looked whether all is as it should be; what somebody replaced is back after that. */
const lookMs = 30_000;
const afterFailureMs = 5_000;
/** Each API server hears by a watch of its own whom it is to trust. Until then the former certificate is shown. */
const heardAfterMs = 3_000;
/** Others may be faster so often, and each time what they kept is looked at. */
const mostConflicts = 5;

const group = "/apis/admissionregistration.k8s.io/v1";
const kinds = ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"];

const objectFrom = (answer: unknown): JsonObject => (isObject(answer) ? answer : {});

export class Keeper {
  readonly #options: KeeperOptions;
  #served = "";
  /** What was told last, which is not told again. */
  #told = "";

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Until the signal. It never throws: what fails is told, and tried again. */
  async run(): Promise<void> {
    const { signal, tell } = this.#options;
    while (!signal.aborted) {
      let pauseMs = lookMs;
      try {
        await this.look(Date.now());
        this.#told = "";
      } catch (error) {
        if (signal.aborted) return;
        pauseMs = afterFailureMs;
        const words = messageOf(error);
        if (words !== this.#told) tell("error", `the certificate cannot be kept: ${words}`);
        this.#told = words;
      }
      await sleep(pauseMs, signal);
    }
  }

  /** Once, as of `nowMs`. Throws KubeError, FairwayError. */
  async look(nowMs: number): Promise<void> {
    const { signal } = this.#options;
    const kept = await this.#kept(nowMs);
    // The API server trusts it before anybody is shown it.
    const changed: boolean[] = [];
    for (const kind of kinds) changed.push(await this.#trust(kind, kept.authority));
    const text = JSON.stringify(kept);
    if (text === this.#served) return;
    if (this.#served !== "" && changed.includes(true)) await sleep(heardAfterMs, signal);
    await this.#options.serve(kept);
    this.#served = text;
  }

  async #kept(nowMs: number): Promise<KeyPair> {
    const { namespace, name, client, signal } = this.#options;
    const path = `/api/v1/namespaces/${namespace}/secrets/${name}`;
    const names: [string, ...string[]] = [`${name}.${namespace}.svc`];
    for (let left = mostConflicts; left > 0; left--) {
      const secret = await this.#secret(path);
      const found = keptIn(secret);
      const plan = planCertificate(found, names, nowMs);
      if (plan.kind === "keep" && found !== null) return found;
      const why = plan.kind === "make" ? plan : { why: "", trusted: "" };
      const [fromMs, untilMs] = [nowMs - backdatedMs, nowMs + lifetimeMs];
      const made = makeCertificate({ names, fromMs, untilMs });
      const kept = { ...made, authority: made.authority + why.trusted };
      try {
        const { resourceVersion = "" } = objectFrom(secret.metadata);
        await client.patch(path, "merge", keeping(kept, String(resourceVersion)), signal);
        const until = new Date(untilMs).toISOString();
        this.#options.tell("info", `another certificate is made: ${why.why}`, { until });
        return kept;
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
    throw new FairwayError(
      "tryAgain",
      `the Secret ${namespace}/${name} was changed ${mostConflicts} times while a certificate was put into it`,
    );
  }

  async #secret(path: string): Promise<JsonObject> {
    const { namespace, name, client, signal } = this.#options;
    try {
      return objectFrom(await client.ask({ path, signal }));
    } catch (error) {
      if (!isMissing(error)) throw error;
      throw new FairwayError(
        "unavailable",
        `there is no Secret ${namespace}/${name}, which the chart makes for the certificate`,
        "install the chart again, or make an empty Secret of that name",
      );
    }
  }

  /** Whether it was changed. One that is not there is not asked by the API server either. */
  async #trust(kind: string, authority: string): Promise<boolean> {
    const { name, client, signal } = this.#options;
    const path = `${group}/${kind}/${name}`;
    try {
      const patch = trusting(objectFrom(await client.ask({ path, signal })), authority);
      if (patch !== null) await client.patch(path, "json", patch, signal);
      return patch !== null;
    } catch (error) {
      if (!isMissing(error)) throw error;
      return false;
    }
  }
}
