/** The connections of a socket that is listened on: each reads one request. */
import type { SocketHandler } from "bun";
import { Connection } from "./connection.ts";
import type { HttpRequest } from "./protocol.ts";

export interface ConnectionsOptions {
  /** Each takes a descriptor. Whoever comes after them gets `tooMany` at once. */
  most: number;
  tooMany: () => Uint8Array;
  onRequest: (request: HttpRequest, connection: Connection) => void;
  /** Called with what is thrown by a handler, which the runtime would hand to nobody. */
  onDefect: (error: unknown) => void;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #all = new Set<Connection>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#all.size;
  }

  /** What Bun.listen is given, with `allowHalfOpen`: whoever asks may say that all was sent. */
  get handlers(): SocketHandler<Connection | undefined> {
    const { most, tooMany, onRequest } = this.#options;
    return {
      open: (socket) => {
        const connection = new Connection(socket, onRequest);
        socket.data = connection;
        this.#all.add(connection);
        if (this.#all.size > most) connection.answer(tooMany());
      },
      data: (socket, chunk) => this.#guarded(() => socket.data?.heard(chunk)),
      drain: (socket) => socket.data?.goOn(),
      end: (socket) => socket.data?.heardAll(),
      close: ({ data: connection }) => {
        if (connection === undefined) return;
        this.#all.delete(connection);
        connection.closed();
      },
    };
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.onDefect(error);
    }
  }
}
