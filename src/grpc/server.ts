/** Serves gRPC on Unix sockets. */
import { chmodSync, lstatSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { effect } from "../effect.ts";
import { FairwayError, messageOf } from "../errors.ts";
import { folderOf } from "../paths.ts";
import type { Method } from "./method.ts";

/** What whoever calls is told of an error. */
export const wordsOf = (error: unknown): string =>
  error instanceof FairwayError && error.details !== undefined
    ? `${error.message}. ${error.details}`
    : messageOf(error);

/** `signal` is aborted when whoever asked has given up. */
type Answer<Asked, Answered> = (asked: Asked, signal: AbortSignal) => Promise<Answered>;
type Stream<Asked, Answered> = (
  asked: Asked,
  send: (answer: Answered) => void,
  signal: AbortSignal,
) => Promise<void>;

interface Cancellable {
  on(event: "cancelled", then: () => void): unknown;
}

function givenUp(call: Cancellable): AbortSignal {
  const controller = new AbortController();
  call.on("cancelled", () => controller.abort());
  return controller.signal;
}

/** How long whoever has asked may wait for the last answers. */
const farewellMs = 1_000;

const socketMode = 0o600;

/** Of whatever lies there; null means that nothing does. */
const inodeAt = (path: string): number | null =>
  lstatSync(path, { throwIfNoEntry: false })?.ino ?? null;

/** One server at one socket, which serves what is given before `listen`. */
export class GrpcServer {
  readonly #server = new Server();
  readonly #onDefect: (error: unknown) => void;
  #placed: { path: string; inode: number } | null = null;

  /** `onDefect` is called for an error of a handler that is no FairwayError. */
  constructor(onDefect: (error: unknown) => void) {
    this.#onDefect = onDefect;
  }

  unary<Asked, Answered>(method: Method<Asked, Answered>, answer: Answer<Asked, Answered>): void {
    this.#add(
      method,
      (call: Cancellable & { request: Asked }, callback: (...said: unknown[]) => void) => {
        answer(call.request, givenUp(call)).then(
          (answered) => callback(null, answered),
          (error: unknown) => callback(this.#failure(error)),
        );
      },
    );
  }

  /** The stream ends when the handler does. */
  stream<Asked, Answered>(method: Method<Asked, Answered>, answer: Stream<Asked, Answered>): void {
    type Call = Cancellable & {
      request: Asked;
      write(answered: Answered): void;
      end(): void;
      destroy(error: unknown): void;
    };
    this.#add(method, (call: Call) => {
      answer(call.request, (answered) => call.write(answered), givenUp(call)).then(
        () => call.end(),
        (error: unknown) => call.destroy(this.#failure(error)),
      );
    });
  }

  #failure(error: unknown): { code: number; details: string } {
    if (!(error instanceof FairwayError)) this.#onDefect(error);
    return { code: status.INTERNAL, details: wordsOf(error) };
  }

  #add<Asked, Answered>(
    { path, isStream, asked, answer }: Method<Asked, Answered>,
    handler: unknown,
  ): void {
    const definition: ServiceDefinition = {
      method: {
        ...{ path, requestStream: false, responseStream: isStream },
        requestSerialize: asked.encode,
        requestDeserialize: asked.decode,
        responseSerialize: answer.encode,
        responseDeserialize: answer.decode,
      },
    };
    this.#server.addService(definition, { method: handler } as UntypedServiceImplementation);
  }

  /**
   * Nobody sees the socket before it is served, and what lay at its place is replaced in one step. Its name begins with
   * a dot until then: whoever watches the folder, as a kubelet does, passes over it. Throws io.
   */
  async listen(path: string): Promise<void> {
    const early = join(folderOf(path), `.${basename(path)}.new`);
    try {
      effect("file", `remove what was left at ${early}`, () => rmSync(early, { force: true }));
      await this.#bind(early);
      chmodSync(early, socketMode);
      const inode = inodeAt(early);
      effect("file", `place ${path}`, () => renameSync(early, path));
      if (inode !== null) this.#placed = { path, inode };
    } catch (error) {
      this.#server.forceShutdown();
      throw new FairwayError(
        "io",
        `cannot serve on ${path}: ${messageOf(error)}`,
        "run as root, in a folder that is there and can be written; a socket's path has at most 107 bytes",
        { cause: error },
      );
    }
  }

  #bind(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  }

  /** Whether somebody has removed the socket. One that another has put into its place is left to that one. */
  get isGone(): boolean {
    return this.#placed !== null && inodeAt(this.#placed.path) === null;
  }

  /** Its socket goes first, unless another has taken its place. What has been asked is answered, for a second. */
  async close(): Promise<void> {
    const placed = this.#placed;
    if (placed !== null && inodeAt(placed.path) === placed.inode)
      effect("file", `remove ${placed.path}`, () => rmSync(placed.path, { force: true }));
    const ended = new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    await Promise.race([ended, Bun.sleep(farewellMs)]);
    this.#server.forceShutdown();
  }
}
