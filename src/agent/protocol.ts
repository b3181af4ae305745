/**
 * What launcher and agent say to each other: HTTP/1.1, one request on each connection, so that curl can ask,
 * too. Pure. docs/agent-reference.md has the protocol as a whole.
 */

export const protocolVersion = "1";

/** Where a launcher looks for an agent. */
export const defaultSocket = "/run/fairway/agent.sock";

export const limits = {
  headBytes: 8 * 1024,
  /** The largest configuration, and an environment. */
  bodyBytes: (1024 + 64) * 1024,
  /** Of the body of an answer. */
  answerBytes: 4 * 1024 * 1024,
} as const;

export interface HttpRequest {
  method: string;
  path: string;
  /** By their names in lower case. */
  headers: ReadonlyMap<string, string>;
  body: Uint8Array;
}

/** Why a request is not served. The reason names what was asked and what is possible. */
export interface Refusal {
  status: 400 | 404 | 405 | 408 | 411 | 413 | 426 | 431;
  reason: string;
}

export type Read =
  | { state: "more" }
  | { state: "whole"; request: HttpRequest }
  | { state: "refused"; refusal: Refusal };

type Head = Omit<HttpRequest, "body"> & { bodyBytes: number };

const refusal = (status: Refusal["status"], reason: string): Refusal => ({ status, reason });
const refused = (status: Refusal["status"], reason: string): Read => ({
  state: "refused",
  refusal: { status, reason },
});

const isRefusal = (read: object): read is Refusal => "reason" in read;

const requestLine = /^([A-Z]{1,16}) (\/[!-~]{0,1023}) HTTP\/1\.1$/;
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*$/;

function bodyBytesOf(method: string, headers: ReadonlyMap<string, string>): number | Refusal {
  if (headers.has("transfer-encoding"))
    return refusal(411, "a Transfer-Encoding is not read here: give the body a Content-Length");
  const told = headers.get("content-length");
  if (told === undefined)
    return method === "POST" ? refusal(411, "a POST needs a Content-Length") : 0;
  if (!/^\d{1,12}$/.test(told))
    return refusal(400, `the Content-Length is ${JSON.stringify(told)}, which is no number`);
  const bytes = Number(told);
  return bytes <= limits.bodyBytes
    ? bytes
    : refusal(413, `the body has ${bytes} bytes, and ${limits.bodyBytes} is the most`);
}

function headOf(text: string): Head | Refusal {
  const [first = "", ...lines] = text.split("\r\n");
  const [, method = "", path = ""] = requestLine.exec(first) ?? [];
  if (method === "") return refusal(400, "the request does not begin as HTTP/1.1 does");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name = "", value = ""] = headerLine.exec(line) ?? [];
    const key = name.toLowerCase();
    if (key === "") return refusal(400, "a line of the header is no header");
    if (headers.has(key)) return refusal(400, `the header ${key} is given twice`);
    headers.set(key, value);
  }
  const bodyBytes = bodyBytesOf(method, headers);
  return typeof bodyBytes === "number" ? { method, path, headers, bodyBytes } : bodyBytes;
}

const headEnd = "\r\n\r\n";

/** Reads one request, however its bytes are cut. */
export class RequestReader {
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #head: Head | null = null;
  #headBytes = 0;

  /** What came so far, with these bytes after it. Nothing may come after a request that is whole. */
  push(chunk: Uint8Array): Read {
    // The runtime may use the buffer again.
    this.#chunks.push(new Uint8Array(chunk));
    this.#bytes += chunk.length;
    if (this.#head === null) {
      const head = this.#readHead();
      if (head === null) return { state: "more" };
      if (isRefusal(head)) return { state: "refused", refusal: head };
      this.#head = head;
    }
    const { bodyBytes, ...head } = this.#head;
    const missing = this.#headBytes + bodyBytes - this.#bytes;
    if (missing > 0) return { state: "more" };
    if (missing < 0) return refused(400, "there are bytes after the request");
    return { state: "whole", request: { ...head, body: this.#joined().subarray(this.#headBytes) } };
  }

  /** null means that it has no end yet. */
  #readHead(): Head | Refusal | null {
    // One character stands for one byte.
    const text = Buffer.from(this.#joined().subarray(0, limits.headBytes)).toString("latin1");
    const end = text.indexOf(headEnd);
    if (end >= 0) {
      this.#headBytes = end + headEnd.length;
      return headOf(text.slice(0, end));
    }
    return this.#bytes < limits.headBytes
      ? null
      : refusal(431, `the header has no end within ${limits.headBytes} bytes`);
  }

  #joined(): Uint8Array {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;
    const whole = new Uint8Array(this.#bytes);
    let at = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks = [whole];
    return whole;
  }
}

export type Asked = "health" | "readiness" | "version" | "metrics" | "verb" | "page";

const places: Readonly<Record<string, { asked: Asked; method: "GET" | "POST" }>> = {
  "/healthz": { asked: "health", method: "GET" },
  "/readyz": { asked: "readiness", method: "GET" },
  "/version": { asked: "version", method: "GET" },
  "/metrics": { asked: "metrics", method: "GET" },
  "/v1/verb": { asked: "verb", method: "POST" },
};

/** Below it the page has places, methods and answers of its own (src/ui). */
const pagePath = "/ui";

const isOfPage = (path: string): boolean =>
  path === pagePath || path.startsWith(`${pagePath}/`) || path.startsWith(`${pagePath}?`);

/** What a request asks for. */
export function askedBy({ method, path, headers }: HttpRequest): Asked | Refusal {
  if (isOfPage(path)) return "page";
  const place = Object.hasOwn(places, path) ? places[path] : undefined;
  if (place === undefined)
    return refusal(
      404,
      `there is no ${path}; there are ${[...Object.keys(places), `${pagePath}/`].join(", ")}`,
    );
  if (method !== place.method)
    return refusal(405, `${path} was asked with ${method}, and takes ${place.method}`);
  if (place.asked !== "verb") return place.asked;
  const spoken = headers.get("fairway-protocol");
  if (spoken === protocolVersion) return "verb";
  const found = spoken === undefined ? "no protocol" : `protocol ${JSON.stringify(spoken)}`;
  return refusal(
    426,
    `the request names ${found} (Fairway-Protocol), and this agent speaks ${protocolVersion}`,
  );
}
