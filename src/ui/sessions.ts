/**
 * Who may see the page: whoever has a session, which a token gives that is valid once and for a minute. It has no clock:
 * times are arguments, of a clock that never goes back.
 */

/** What is kept is a digest: neither a look at the memory nor the time that a comparison takes tells a secret. */
const digestOf = (secret: string): string =>
  new Bun.CryptoHasher("sha256").update(secret).digest("hex");

const secretBytes = 32;

function newSecret(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(secretBytes))).toString("base64url");
}

const tokenMs = 60_000;
/** As long as a working day. */
export const sessionMs = 12 * 3_600_000;
/** Whoever asks for more takes the place of the oldest. */
const [mostTokens, mostSessions] = [16, 64];

/** Secrets that are valid until a time each. The oldest goes where there are too many. */
class Kept {
  readonly #untilMs = new Map<string, number>();
  readonly #most: number;
  readonly #forMs: number;

  constructor(most: number, forMs: number) {
    this.#most = most;
    this.#forMs = forMs;
  }

  add(nowMs: number): string {
    const secret = newSecret();
    const [oldest] = this.#untilMs.keys();
    if (this.#untilMs.size >= this.#most && oldest !== undefined) this.#untilMs.delete(oldest);
    this.#untilMs.set(digestOf(secret), nowMs + this.#forMs);
    return secret;
  }

  has(secret: string, nowMs: number): boolean {
    const untilMs = this.#untilMs.get(digestOf(secret));
    return untilMs !== undefined && nowMs < untilMs;
  }

  take(secret: string, nowMs: number): boolean {
    const isValid = this.has(secret, nowMs);
    this.#untilMs.delete(digestOf(secret));
    return isValid;
  }
}

export class Sessions {
  readonly #tokens = new Kept(mostTokens, tokenMs);
  readonly #sessions = new Kept(mostSessions, sessionMs);

  /** A new token, which begins one session. */
  token(nowMs: number): string {
    return this.#tokens.add(nowMs);
  }

  /** The secret of a new session; null means that the token is not valid, or not any more. */
  begin(token: string, nowMs: number): string | null {
    return this.#tokens.take(token, nowMs) ? this.#sessions.add(nowMs) : null;
  }

  isValid(session: string, nowMs: number): boolean {
    return this.#sessions.has(session, nowMs);
  }
}
