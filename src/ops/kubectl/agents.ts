/**
 * Asks the agents of nodes: through the API server's own proxy to their pods, with a token that the user makes for that
 * (decision 57). The API server lets only those through who may; the agent looks at the token itself.
 */
import { FairwayError } from "../../errors.ts";
import { KubeError } from "../../kube/kube-error.ts";
import { isObject, type Json } from "../../kube/objects.ts";
import { tokenHeader, viewAudience, viewerAccount } from "../../metrics/pages.ts";
import { version } from "../version.ts";
import { type Api, inWords, NothingAnswered } from "./api.ts";
import { readable } from "./readable.ts";
import type { AgentPod, NodeShown } from "./seen.ts";

/** As short as the API server makes one. */
const tokenSeconds = 600;
/** It is made anew so long before its end. */
const marginMs = 60_000;
const answerWithinMs = 45_000;

/** What is asked of an agent. */
export interface Page {
  path: string;
  query?: Readonly<Record<string, string>>;
  method?: "GET" | "POST";
}

const noAgent = (node: string, what: string, advice: string): FairwayError =>
  new FairwayError("unavailable", `${node}: ${what}`, advice);

/** The agent's pod, where it can be asked. Throws unavailable. */
function askable({ node: { name }, agent }: NodeShown): AgentPod & { port: number } {
  if (agent === null)
    throw noAgent(
      name,
      "no agent is on this node",
      "`kubectl get daemonset -A -l app.kubernetes.io/name=fairway` shows where agents are to be",
    );
  const { namespace, name: pod, port, isReady } = agent;
  if (!isReady)
    throw noAgent(
      name,
      `its agent is not ready (pod ${namespace}/${pod})`,
      `kubectl logs -n ${namespace} ${pod} -c agent`,
    );
  if (port === null)
    throw noAgent(
      name,
      `its agent serves no port (pod ${namespace}/${pod})`,
      "install the chart with viewer.enabled=true (docs/kubectl.md)",
    );
  return { ...agent, port };
}

/** Another version may show other things; that is the likeliest reason where it does not know what is asked. */
const versionWords = (agent: AgentPod): string =>
  agent.version === version
    ? ""
    : `; its agent is of version ${agent.version ?? "unknown"}, and this is ${version}`;

/** So begins what the API server's proxy says where it cannot connect (apimachinery, util/proxy). */
const unreached = /^error trying to reach service/;

/** The HTTP client has put its own words before what the agent said. */
const ownWords = ({ message }: KubeError): string =>
  readable(message.replace(/^HTTP status \d+: /, ""));

export class Agents {
  readonly #api: Api;
  /** By namespace. */
  readonly #tokens = new Map<string, { token: string; untilMs: number }>();

  constructor(api: Api) {
    this.#api = api;
  }

  /** What its agent answers, as JSON without control characters. Throws unavailable. */
  async ask(node: NodeShown, { path, query = {}, method = "GET" }: Page): Promise<Json> {
    const agent = askable(node);
    const token = await this.#token(agent.namespace);
    const pod = `https:${agent.name}:${agent.port}`;
    try {
      const answer = await this.#api.ask({
        ...{ method, query, limitMs: answerWithinMs },
        path: `/api/v1/namespaces/${agent.namespace}/pods/${pod}/proxy${path}`,
        headers: { [tokenHeader]: token },
      });
      if (isObject(answer)) return readable(answer);
      throw new KubeError(200, "", "its answer is no object");
    } catch (error) {
      throw this.#refusal(error, node.node.name, agent);
    }
  }

  #refusal(error: unknown, node: string, agent: AgentPod): unknown {
    if (!(error instanceof KubeError)) return error;
    const { status, reason } = error;
    const pod = `pod ${agent.namespace}/${agent.name}`;
    const words = ownWords(error);
    if (unreached.test(words))
      return noAgent(
        node,
        `the API server does not reach its agent: ${words}`,
        `the agent may have ended just now (${pod}), or its port ${agent.port} is closed to the control plane`,
      );
    // The API server gives a reason, and kubectl itself says 500. What else has none came from the agent.
    if (reason === "" && status !== null && (status !== 500 || words.includes("of the agent")))
      return noAgent(
        node,
        `its agent says: ${words}${versionWords(agent)}`,
        `kubectl logs -n ${agent.namespace} ${agent.name} -c agent`,
      );
    return inWords(error, "ask agents by the API server's proxy (pods/proxy)");
  }

  async #token(namespace: string): Promise<string> {
    const known = this.#tokens.get(namespace);
    if (known !== undefined && performance.now() < known.untilMs) return known.token;
    const made = await this.#make(namespace);
    this.#tokens.set(namespace, made);
    return made.token;
  }

  async #make(namespace: string): Promise<{ token: string; untilMs: number }> {
    const account = `${namespace}/${viewerAccount}`;
    const body = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: [viewAudience], expirationSeconds: tokenSeconds },
    };
    try {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${viewerAccount}/token`;
      const answer = await this.#api.ask({ method: "POST", path, body });
      const { token } = isObject(answer) && isObject(answer.status) ? answer.status : {};
      if (typeof token !== "string") throw new KubeError(200, "", "it has no token");
      const untilMs = performance.now() + tokenSeconds * 1000 - marginMs;
      return { token, untilMs };
    } catch (error) {
      if (error instanceof KubeError && error.status === 404)
        throw new NothingAnswered(
          `there is no service account ${account}, by which agents know who looks`,
          "install the chart with viewer.enabled=true (docs/kubectl.md)",
        );
      throw inWords(error, `create a token of service account ${account}`);
    }
  }
}
