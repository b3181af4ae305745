/**
 * Whether whoever asks for a page may: the API server is asked whose token it is (TokenReview), and whether they may
 * have that page (SubjectAccessReview). What it said is kept for a moment.
 */

import type { KubeClient } from "../kube/client.ts";
import { KubeError } from "../kube/kube-error.ts";
import { isObject, type Json } from "../kube/objects.ts";
import type { Wanted } from "./pages.ts";

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

/** The token of an Authorization header; "" where it has none. */
export const bearerIn = (authorization: string | null): string =>
  bearer.exec(authorization ?? "")?.[1] ?? "";

const refuse = (status: 401 | 403 | 503, words: string): Permission => ({
  may: false,
  status,
  words,
});

const keyOf = (token: string, { path, verb }: Wanted): string =>
  `${verb} ${path} ${new Bun.CryptoHasher("sha256").update(token).digest("hex")}`;

const madeFor = (audience: string | null): string =>
  audience === null ? "" : ` for the audience ${audience}`;

const statusOf = (answer: unknown): Json =>
  isObject(answer) && isObject(answer.status) ? answer.status : {};

export class PagePermission {
  readonly #client: KubeClient;
  readonly #kept = new Map<string, { permission: Permission; untilMs: number }>();
  #underWay = 0;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** `token` is "" where none was sent. */
  async of(token: string, wanted: Wanted): Promise<Permission> {
    if (token === "" || token.length > mostTokenChars)
      return refuse(
        401,
        "no token was sent: send that of a service account (Authorization: Bearer)",
      );
    const key = keyOf(token, wanted);
    const known = this.#kept.get(key);
    if (known !== undefined && performance.now() < known.untilMs) return known.permission;
    if (this.#underWay >= mostAtOnce)
      return refuse(503, `the API server is asked about ${mostAtOnce} tokens already`);
    this.#underWay++;
    try {
      const permission = await this.#ask(token, wanted);
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

  async #ask(token: string, { path, verb, audience, role }: Wanted): Promise<Permission> {
    const { authenticated, user, audiences } = statusOf(
      await this.#review("authentication", "TokenReview", {
        token,
        ...(audience !== null && { audiences: [audience] }),
      }),
    );
    if (authenticated !== true || !isObject(user) || typeof user.username !== "string")
      return refuse(401, `the API server does not know the token${madeFor(audience)}`);
    // An API server that knows nothing of audiences tells none, and takes tokens that were made for others.
    if (audience !== null && !(Array.isArray(audiences) && audiences.includes(audience)))
      return refuse(401, `the token is not one${madeFor(audience)}`);
    const { username, uid, groups, extra } = user;
    const spec = {
      ...{ user: username, uid, groups, extra },
      nonResourceAttributes: { path, verb },
    };
    const { allowed } = statusOf(await this.#review("authorization", "SubjectAccessReview", spec));
    if (allowed === true) return { may: true };
    return refuse(403, `${username} may not ${verb} ${path}: bind it to the ClusterRole ${role}`);
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
