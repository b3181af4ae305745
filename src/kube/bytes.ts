/** Reads what an API server sends, as far as it is not too much. */
import { KubeError } from "./kube-error.ts";

type Body = ReadableStream<Uint8Array> | null;

/** Throws KubeError for more than `mostBytes`. */
export async function readText(body: Body, mostBytes: number): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > mostBytes)
      throw new KubeError(null, "TooLarge", `the answer has more than ${mostBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Cuts a stream into lines, of which none may be longer than `mostBytes`. */
export class Lines {
  readonly #mostBytes: number;
  readonly #decoder = new TextDecoder();
  #rest: string[] = [];
  #restBytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** The lines that are whole now. Throws KubeError. */
  take(chunk: Uint8Array): string[] {
    const [first = "", ...others] = this.#decoder.decode(chunk, { stream: true }).split("\n");
    this.#rest.push(first);
    this.#restBytes += first.length;
    if (this.#restBytes > this.#mostBytes)
      throw new KubeError(null, "TooLarge", `an event has more than ${this.#mostBytes} bytes`);
    const last = others.pop();
    if (last === undefined) return [];
    const whole = [this.#rest.join(""), ...others];
    this.#rest = [last];
    this.#restBytes = last.length;
    return whole.filter((line) => line.trim() !== "");
  }
}
