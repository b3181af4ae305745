/**
 * A netlink socket, for dumps, single look-ups and changes. It speaks to the namespace that it was opened in.
 */
import { effect } from "../../effect.ts";
import { FairwayError } from "../../errors.ts";
import {
  concat,
  decodeMessages,
  encodeMessage,
  type Message,
  messageHeaderBytes,
  viewOf,
} from "./codec.ts";
import { errno, libc, ptr } from "./libc.ts";
import { ifThere, type NetlinkError, refusalOf } from "./refusal.ts";
import { NLM_F } from "./tables.ts";

/** include/uapi/linux/netlink.h and asm-generic/socket.h */
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
/** The part of the kernel that the socket speaks to: rtnetlink, nfnetlink or generic netlink. */
const protocols = { route: 0, netfilter: 12, generic: 16 } as const;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const NLM_F_DUMP_INTR = 0x10;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;

const EINTR = 4;
const EAGAIN = 11;

/**
 * A kernel that does not answer within this time is an error, so that nobody waits for ever. The time is in
 * seconds.
 */
const answerSeconds = 5;
const receiveBytes = 1 << 18;
/** Less than any distribution's net.core.wmem_default and rmem_default. */
const usualBytes = 1 << 16;
/** What the kernel counts for an answer in a socket's buffer is more than its length. */
const refusalBytes = 1024;

export interface Refused {
  at: number;
  refused: NetlinkError;
}

function failure(call: string): FairwayError {
  return new FairwayError(
    "io",
    `netlink: ${call} failed with errno ${errno()}`,
    "fairway needs CAP_NET_ADMIN and a kernel with rtnetlink and nfnetlink",
  );
}

/** All sockets share one buffer: what is received is copied out of it before anything else is received. */
let receiveBuffer: Uint8Array<ArrayBuffer> | undefined;

function buffer(): Uint8Array<ArrayBuffer> {
  receiveBuffer ??= new Uint8Array(receiveBytes);
  return receiveBuffer;
}

export class NetlinkSocket implements Disposable {
  readonly #fd: number;
  #sequence = 0;

  constructor(protocol: keyof typeof protocols = "route") {
    const { socket, setsockopt } = libc();
    this.#fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocols[protocol]);
    if (this.#fd < 0) throw failure("socket");
    const timeout = new BigInt64Array([BigInt(answerSeconds), 0n]);
    setsockopt(this.#fd, SOL_SOCKET, SO_RCVTIMEO, ptr(timeout), timeout.byteLength);
    const on = new Int32Array([1]);
    setsockopt(this.#fd, SOL_NETLINK, NETLINK_EXT_ACK, ptr(on), on.byteLength);
    // With this option a refusal does not repeat the request.
    setsockopt(this.#fd, SOL_NETLINK, NETLINK_CAP_ACK, ptr(on), on.byteLength);
    // Strict checking makes the kernel honour a dump's filters (device, table). Older kernels ignore the
    // option and the filters.
    setsockopt(this.#fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, ptr(on), on.byteLength);
  }

  [Symbol.dispose](): void {
    libc().close(this.#fd);
  }

  /** All objects that a dump request names. Throws NetlinkError. */
  dump(type: number, body: Uint8Array): Message[] {
    // The table changed during an interrupted dump, so its answer may have gaps.
    for (let attempt = 0; attempt < 10; attempt++) {
      const { messages, interrupted } = effect("look", `dump ${type}`, () =>
        this.#exchange(type, NLM_F.REQUEST | NLM_F.DUMP, body),
      );
      if (!interrupted) return messages;
    }
    throw new FairwayError(
      "tryAgain",
      "the kernel's tables changed during ten dumps in a row",
      "try again",
    );
  }

  /**
   * Returns a number of 64 bits that differs where the answer to a dump does. Nothing is made of the answer.
   * `isLeftOut` is given the buffer, and where an object begins in it. Throws NetlinkError.
   */
  dumpDigest(
    type: number,
    body: Uint8Array,
    isLeftOut: (buffer: Uint8Array, at: number) => boolean = () => false,
  ): bigint {
    return effect("look", `dump ${type}`, () => {
      const sequence = ++this.#sequence;
      this.#send(encodeMessage({ type, flags: NLM_F.REQUEST | NLM_F.DUMP, sequence, body }));
      // An interrupted dump may have gaps, so its number is made to differ from a whole one's.
      for (let digest = 0n; ; ) {
        const length = this.#fill();
        const view = new DataView(buffer().buffer);
        for (let at = 0; at < length; at += (view.getUint32(at, true) + 3) & ~3) {
          if (view.getUint32(at + 8, true) !== sequence) continue;
          const end = at + view.getUint32(at, true);
          const begin = at + messageHeaderBytes;
          const answer = view.getUint16(at + 4, true);
          if (answer === NLMSG_ERROR) throw refusalOf(decodedAt(at, end)) ?? failure("dump");
          if ((view.getUint16(at + 6, true) & NLM_F_DUMP_INTR) !== 0) digest++;
          if (answer === NLMSG_DONE) return digest;
          if (!isLeftOut(buffer(), begin))
            digest = Bun.hash.wyhash(buffer().subarray(begin, end), digest);
        }
      }
    });
  }

  /**
   * Asks for one object. Throws NetlinkError. tc answers a look-up like a change: it answers its listeners,
   * and the asker only if the request says echo. The acknowledgement ends the answer.
   */
  get(type: number, body: Uint8Array): Message {
    const message = this.getIfTold(type, body);
    if (message === null) throw new RangeError("netlink answered without a message");
    return message;
  }

  /** null means that the object is there, but the kernel tells nobody about it. */
  getIfTold(type: number, body: Uint8Array): Message | null {
    const [message] = effect(
      "look",
      `get ${type}`,
      () => this.#exchange(type, NLM_F.REQUEST | NLM_F.ACK | NLM_F.ECHO, body).messages,
    );
    return message ?? null;
  }

  /**
   * Makes a change, which is done when this returns. `flags` are those of making something. Throws
   * NetlinkError.
   */
  change(type: number, flags: number, body: Uint8Array): void {
    this.#exchange(type, NLM_F.REQUEST | NLM_F.ACK | flags, body);
  }

  /** Makes a deletion, and tells whether there was anything to delete. Throws NetlinkError. */
  changeIfThere(type: number, body: Uint8Array): boolean {
    return ifThere(() => this.change(type, 0, body)) !== null;
  }

  /** The descriptor, for callers that send messages without waiting for an answer. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Sends requests that are already encoded. The last of them asks for an acknowledgement. Each answer is
   * handed on where it lies in a buffer, including refusals and that acknowledgement, for callers that need
   * not know which is which. The socket has to be a new one, because the requests have their numbers already.
   */
  askAll(requests: Uint8Array, hand: (buffer: Uint8Array, from: number, to: number) => void): void {
    const view = viewOf(requests);
    let last = 0;
    for (let at = 0; at < requests.length; at += (view.getUint32(at, true) + 3) & ~3)
      last = view.getUint32(at + 8, true);
    effect("look", "several questions", () => {
      this.#send(requests);
      for (let isDone = false; !isDone; ) {
        const length = this.#fill();
        const received = new DataView(buffer().buffer);
        for (let at = 0; at < length; at += (received.getUint32(at, true) + 3) & ~3) {
          hand(buffer(), at, at + received.getUint32(at, true));
          isDone ||=
            received.getUint16(at + 4, true) === NLMSG_ERROR &&
            received.getUint32(at + 8, true) === last;
        }
      }
    });
  }

  /**
   * Sends messages of which the kernel accepts all or none. They are between a beginning and an end that have
   * no answer of their own. Without an end the kernel tells what it would refuse, and nothing is changed.
   * `failure` is the index of the first that was refused, and why; null means that all were accepted. `told`
   * is what else the kernel tells about the transaction, where the first message asks for an echo.
   */
  transaction(
    begin: Omit<Message, "sequence">,
    changes: Omit<Message, "sequence">[],
    end: Omit<Message, "sequence"> | null,
  ): { failure: Refused | null; told: Message[] } {
    const first = this.#sequence + 1;
    const last = changes.length - 1;
    // Refusals come without being asked for, so one acknowledgement is enough.
    const acknowledged = changes.map((each, index) =>
      index === last ? { ...each, flags: each.flags | NLM_F.ACK } : each,
    );
    const all = [begin, ...acknowledged, ...(end === null ? [] : [end])];
    const numbered = all.map((message) =>
      encodeMessage({ ...message, sequence: ++this.#sequence }),
    );
    const bytes = concat(...numbered);
    this.#makeRoom(bytes.length, numbered.length);
    this.#send(bytes);
    let failure: Refused | null = null;
    const told: Message[] = [];
    for (;;) {
      for (const message of this.#receive()) {
        if (message.sequence < first) continue;
        if (message.type !== NLMSG_ERROR) {
          told.push(message);
          continue;
        }
        const refused = refusalOf(message);
        const at = message.sequence - first - 1;
        // If the transaction is refused as a whole, the answer carries the number of the beginning.
        if (at < 0 && refused !== null) return { failure: { at: 0, refused }, told };
        if (refused !== null && (failure === null || at < failure.at)) failure = { at, refused };
        if (at === last) return { failure, told };
      }
    }
  }

  /**
   * The kernel takes no more bytes at once than the socket may hold, and drops refusals that it may not hold.
   * Every message may be refused.
   */
  #makeRoom(bytes: number, messages: number): void {
    const needed = Math.max(bytes, messages * refusalBytes);
    if (needed < usualBytes) return;
    const room = new Int32Array([2 * needed]);
    libc().setsockopt(this.#fd, SOL_SOCKET, SO_SNDBUFFORCE, ptr(room), room.byteLength);
    libc().setsockopt(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, ptr(room), room.byteLength);
  }

  #send(bytes: Uint8Array): void {
    if (libc().send(this.#fd, ptr(bytes), bytes.length, 0) < 0n) throw failure("send");
  }

  #exchange(
    type: number,
    flags: number,
    body: Uint8Array,
  ): { messages: Message[]; interrupted: boolean } {
    const sequence = ++this.#sequence;
    this.#send(encodeMessage({ type, flags, sequence, body }));
    const messages: Message[] = [];
    let interrupted = false;
    for (;;) {
      for (const message of this.#receive()) {
        if (message.sequence !== sequence) continue;
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) interrupted = true;
        if (message.type === NLMSG_DONE) return { messages, interrupted };
        if (message.type === NLMSG_ERROR) {
          const refused = refusalOf(message);
          if (refused !== null) throw refused;
          return { messages, interrupted };
        }
        messages.push(message);
      }
    }
  }

  #receive(): Message[] {
    const received = this.#fill();
    return decodeMessages(buffer().slice(0, received));
  }

  /** Receives into the buffer, and returns how many bytes that were. */
  #fill(): number {
    for (;;) {
      const received = Number(libc().recv(this.#fd, ptr(buffer()), receiveBytes, 0));
      if (received > 0) return received;
      const found = errno();
      if (found === EINTR) continue;
      if (found === EAGAIN)
        throw new FairwayError(
          "tryAgain",
          `the kernel gave no answer for ${answerSeconds} s`,
          "try again",
        );
      throw failure("recv");
    }
  }
}

/** The message that lies there in the buffer. */
function decodedAt(at: number, end: number): Message {
  const [message] = decodeMessages(buffer().slice(at, end));
  if (message === undefined) throw new RangeError(`no netlink message in ${end - at} bytes`);
  return message;
}
