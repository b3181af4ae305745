/** One connection to the agent: a request is read, and one answer is sent. */
import type { Socket } from "bun";
import { refusedWith } from "./answers.ts";
import { type HttpRequest, type Refusal, RequestReader } from "./protocol.ts";

/** A launcher sends its request at once. */
const requestWithinMs = 2_000;
/** An answer lies in the kernel's buffer at once, unless it is long and nobody reads it. */
const answerTakenWithinMs = 5_000;

export class Connection {
  readonly #socket: Socket<Connection | undefined>;
  readonly #reader = new RequestReader();
  readonly #onRequest: (request: HttpRequest, connection: Connection) => void;
  #timer: ReturnType<typeof setTimeout>;
  #isRead = false;
  #isAnswered = false;
  #unsent: Uint8Array = new Uint8Array();
  /** Called when the other side is gone. */
  onGone: () => void = () => {};

  constructor(
    socket: Socket<Connection | undefined>,
    onRequest: (request: HttpRequest, connection: Connection) => void,
  ) {
    this.#socket = socket;
    this.#onRequest = onRequest;
    const late = {
      status: 408,
      reason: `no whole request came within ${requestWithinMs} ms`,
    } as const;
    this.#timer = setTimeout(() => this.#refuse(late), requestWithinMs);
  }

  get socket(): object {
    return this.#socket;
  }

  heard(chunk: Uint8Array): void {
    if (this.#isRead) return;
    const read = this.#reader.push(chunk);
    if (read.state === "refused") this.#refuse(read.refusal);
    if (read.state !== "whole") return;
    this.#isRead = true;
    clearTimeout(this.#timer);
    this.#onRequest(read.request, this);
  }

  /** The other side sends nothing any more. It may still wait for the answer. */
  heardAll(): void {
    if (!this.#isRead) this.#socket.terminate();
  }

  closed(): void {
    clearTimeout(this.#timer);
    this.onGone();
  }

  #refuse(refusal: Refusal): void {
    this.#isRead = true;
    this.answer(refusedWith(refusal));
  }

  /** Sends something before the answer. false means that nobody is there to hear it. */
  tell(bytes: Uint8Array): boolean {
    return !this.#isAnswered && this.#socket.write(bytes) === bytes.length;
  }

  answer(bytes: Uint8Array): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    clearTimeout(this.#timer);
    this.#unsent = bytes;
    this.goOn();
  }

  /** Sends what the kernel takes, and closes after the last of it. */
  goOn(): void {
    if (!this.#isAnswered) return;
    const sent = this.#socket.write(this.#unsent);
    if (sent < 0) {
      this.#socket.terminate();
      return;
    }
    this.#unsent = this.#unsent.subarray(sent);
    if (this.#unsent.length === 0) this.#socket.end();
    else {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#socket.terminate(), answerTakenWithinMs);
    }
  }
}
