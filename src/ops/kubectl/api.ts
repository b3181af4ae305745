/** Asks the API server in the user's name, and says in words what it refuses. */
import { FairwayError } from "../../errors.ts";
import { proxyAccess } from "../../kube/access.ts";
import { type Ask, KubeClient } from "../../kube/client.ts";
import { KubeError } from "../../kube/kube-error.ts";
import { isObject, type Json } from "../../kube/objects.ts";
import { version } from "../version.ts";
import { withProxy } from "./proxy.ts";
import type { Reach } from "./reach.ts";

/** Objects of a list come in pieces. */
const pageSize = 500;
const mostBytes = 64 * 1024 * 1024;
const limitMs = 30_000;

const rights = "docs/kubectl.md says which rights each command needs; ask who runs the cluster";

/** Nothing else that is asked would be answered either, whichever node it is about. */
export class NothingAnswered extends FairwayError {
  constructor(message: string, advice: string) {
    super("unavailable", message, advice);
  }
}

/** `what` is what was asked for: "list nodes". */
export function inWords(error: unknown, what: string): unknown {
  if (!(error instanceof KubeError)) return error;
  const { status, reason, message } = error;
  // What goes wrong before the API server is told by kubectl itself, and without a reason.
  if (status === null || (reason === "" && status >= 500))
    return new NothingAnswered(
      `the API server cannot be asked to ${what}: ${message.replace(/^HTTP status \d+: /, "")}`,
      "`kubectl version` tells whether it can be reached; --context and --kubeconfig choose another",
    );
  if (status === 401)
    return new NothingAnswered(
      `the API server does not know you: ${message}`,
      "log in as kubectl needs it; `kubectl auth whoami` tells whether you are",
    );
  if (status === 403) return new NothingAnswered(`you may not ${what}: ${message}`, rights);
  return new FairwayError("unavailable", `${what}: ${message}`);
}

export class Api {
  readonly #client: KubeClient;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** As the API server answers it. Throws KubeError. */
  ask(ask: Ask): Promise<unknown> {
    return this.#client.ask({ limitMs, mostBytes, ...ask });
  }

  /** One object; null where there is none. Throws unavailable. */
  async get(what: string, path: string): Promise<Json | null> {
    try {
      const found = await this.ask({ path });
      return isObject(found) ? found : null;
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return null;
      throw inWords(error, what);
    }
  }

  /** All objects of a kind. Throws unavailable. */
  async list(what: string, path: string, query: Record<string, string> = {}): Promise<Json[]> {
    const objects: Json[] = [];
    let from = "";
    try {
      do {
        const paging = { limit: String(pageSize), continue: from };
        const page = await this.ask({ path, query: { ...query, ...paging } });
        const { items, metadata } = isObject(page) ? page : {};
        objects.push(...(Array.isArray(items) ? items.filter(isObject) : []));
        from = isObject(metadata) && typeof metadata.continue === "string" ? metadata.continue : "";
      } while (from !== "");
    } catch (error) {
      throw inWords(error, what);
    }
    return objects;
  }
}

/** Throws missingTool, unavailable. */
export const withApi = <T>(reach: Reach, use: (api: Api) => Promise<T>): Promise<T> =>
  withProxy(reach, (socket) =>
    use(new Api(new KubeClient(proxyAccess(socket), `kubectl-fairway/${version}`))),
  );
