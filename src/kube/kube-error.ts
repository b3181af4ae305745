/** What an API server refused, or why it could not be asked. It never leaves the agent's work in the cluster. */

const longestWords = 500;

/** What is told of an API server's own words: one line, without control characters. */
const cleanWords = (text: string): string =>
  text
    .slice(0, longestWords)
    .replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .trim();

export class KubeError extends Error {
  /** The HTTP status; null means that there was no whole answer. */
  readonly status: number | null;
  /** The API's own word, such as "Expired"; it is empty where it gave none. */
  readonly reason: string;
  /** How long the API server asks to be left alone. */
  readonly retryAfterMs: number;

  constructor(status: number | null, reason: string, message: string, retryAfterMs = 0) {
    super(cleanWords(message));
    this.name = "KubeError";
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

const hasStatus = (error: unknown, status: number): boolean =>
  error instanceof KubeError && error.status === status;

/** What was asked for is not there. */
export const isMissing = (error: unknown): boolean => hasStatus(error, 404);

/** Somebody was faster, or it is there already. */
export const isConflict = (error: unknown): boolean => hasStatus(error, 409);

/**
 * The version from which was to be gone on is not there any more (410), or not there yet (504, "Too large
 * resource version"), as after a restored etcd: everything has to be listed anew.
 */
export function isOutOfRange(error: unknown): boolean {
  if (!(error instanceof KubeError)) return false;
  return (
    error.status === 410 ||
    error.reason === "Expired" ||
    (error.status === 504 && /too large resource version/i.test(error.message))
  );
}

/** The API server understood, and to ask the same thing again leads nowhere. */
export function isRefused(error: unknown): boolean {
  if (!(error instanceof KubeError) || error.status === null) return false;
  return error.status >= 400 && error.status < 500 && ![401, 408, 429].includes(error.status);
}
