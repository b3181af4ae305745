/**
 * Whether whoever scrapes may: the API server is asked whose token it is (TokenReview), and whether they may get
 * /metrics (SubjectAccessReview). What it said is kept for a moment.
 */

import type { KubeClient } from "../kube/client.ts";
import { KubeError } from "../kube/kube-error.ts";
import { isObject, type Json } from "../kube/objects.ts";

export type Permission = { may: true } | { may: false; status: 401 | 403 | 503; words: string };

/** A right that was taken away ends after this time, and one that was given counts after the other. */
const [keptMs, refusedMs] = [60_000, 5_000];
/** Each token is a digest here. Whoever sends more of them is asked about anew. */
const mostKept = 256;
/** Whoever sends strange tokens may keep the API server only so busy. */
const mostAtOnce = 8;
const answerWithinMs = 5_000;
/** Larger ones are no tokens. */
const mostTokenChars = 16 * 1024;

const bearer = /^Bearer ([\x21-\x7e]+)$/i;

const refuse = (status: 401 | 403 | 503, words: string): Permission => ({
  may: false,
  status,
  words,
});

const digestOf = (token: string): string =>
  new Bun.CryptoHasher("sha256").update(token).digest("hex");

const statusOf = (answer: unknown): Json =>
  isObject(answer) && isObject(answer.status) ? answer.status : {};

export class ScrapePermission {
  readonly #client: KubeClient;
  readonly #kept = new Map<string, { permission: Permission; untilMs: number }>();
  #underWay = 0;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** `authorization` is the header; null means that there is none. */
  async of(authorization: string | null): Promise<Permission> {
    const [, token] = bearer.exec(authorization ?? "") ?? [];
    if (token === undefined || token.length > mostTokenChars)
      return refuse(
        401,
        "no token was sent: send that of a service account (Authorization: Bearer)",
      );
    const key = digestOf(token);
    const known = this.#kept.get(key);
    if (known !== undefined && performance.now() < known.untilMs) return known.permission;
    if (this.#underWay >= mostAtOnce)
      return refuse(503, `the API server is asked about ${mostAtOnce} tokens already`);
    this.#underWay++;
    try {
      const permission = await this.#ask(token);
      this.#keep(key, permission);
      return permission;
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      return refuse(503, `the API server cannot be asked about the token: ${error.message}`);
    } finally {
      this.#underWay--;
    }
  }

  #keep(key: string, permission: Permission): void {
    this.#kept.delete(key);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= mostKept && oldest !== undefined) this.#kept.delete(oldest);
    const forMs = permission.may ? keptMs : refusedMs;
    this.#kept.set(key, { permission, untilMs: performance.now() + forMs });
  }

  async #ask(token: string): Promise<Permission> {
    const { authenticated, user } = statusOf(
      await this.#review("authentication", "TokenReview", { token }),
    );
    if (authenticated !== true || !isObject(user) || typeof user.username !== "string")
      return refuse(401, "the API server does not know the token");
    const { username, uid, groups, extra } = user;
    const spec = {
      ...{ user: username, uid, groups, extra },
      nonResourceAttributes: { path: "/metrics", verb: "get" },
    };
    const { allowed } = statusOf(await this.#review("authorization", "SubjectAccessReview", spec));
    if (allowed === true) return { may: true };
    return refuse(
      403,
      `${username} may not get /metrics: bind it to the ClusterRole fairway-metrics-reader`,
    );
  }

  #review(group: string, kind: string, spec: Json): Promise<unknown> {
    const apiVersion = `${group}.k8s.io/v1`;
    return this.#client.ask({
      method: "POST",
      path: `/apis/${apiVersion}/${kind.toLowerCase()}s`,
      body: { apiVersion, kind, spec },
      limitMs: answerWithinMs,
    });
  }
}
