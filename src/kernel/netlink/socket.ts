/** A netlink socket: dumps and single look-ups. It speaks to the namespace that it was opened in. */
import { effect } from "../../effect.ts";
import { FairwayError } from "../../errors.ts";
import {
  Attributes,
  concat,
  decodeMessages,
  encodeMessage,
  type Message,
  messageHeaderBytes,
  viewOf,
} from "./codec.ts";
import { errno, libc, ptr, reasonOf } from "./libc.ts";
import { NLM_F } from "./tables.ts";

/** include/uapi/linux/netlink.h and asm-generic/socket.h */
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
/** Who is spoken to: rtnetlink, nfnetlink, generic netlink. */
const protocols = { route: 0, netfilter: 12, generic: 16 } as const;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const NLM_F_DUMP_INTR = 0x10;
const NLM_F_CAPPED = 0x100;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLMSGERR_ATTR_MSG = 1;

const EINTR = 4;
const ENOENT = 2;
const ESRCH = 3;
const ENODEV = 19;
const EAGAIN = 11;
const EINVAL = 22;

/** A kernel that does not answer is an error, not a wait: in seconds. */
const answerSeconds = 5;
const receiveBytes = 1 << 18;

/** A request that the kernel refused, with its errno and, where it said one, its reason (extended ACK). */
export class NetlinkError extends Error {
  readonly errno: number;
  constructor(errno: number, said: string | undefined) {
    const general = reasonOf(errno);
    super(said === undefined ? general : `${said.replace(/\.$/, "")} (${general})`);
    this.name = "NetlinkError";
    this.errno = errno;
  }
  /** What was asked for is not there: a value, not a failure. */
  get absent(): boolean {
    return [ENOENT, ESRCH, ENODEV].includes(this.errno);
  }
  get isInvalid(): boolean {
    return this.errno === EINVAL;
  }
}

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

/** One for all: what is received is copied out of it before anything else is. */
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
    // A refusal does not repeat the request.
    setsockopt(this.#fd, SOL_NETLINK, NETLINK_CAP_ACK, ptr(on), on.byteLength);
    // Strict checking makes the kernel honour a dump's filters (device, table); older ones ignore both.
    setsockopt(this.#fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, ptr(on), on.byteLength);
  }

  [Symbol.dispose](): void {
    libc().close(this.#fd);
  }

  /** All objects that a dump request names. Throws NetlinkError. */
  dump(type: number, body: Uint8Array): Message[] {
    // An interrupted dump saw the table change under it: its answer may have gaps.
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
   * A number of 64 bits that differs where an answer to a dump does, without making anything of the answer.
   * `isLeftOut`: by the buffer, and where an object begins in it. Throws NetlinkError.
   */
  dumpDigest(
    type: number,
    body: Uint8Array,
    isLeftOut: (buffer: Uint8Array, at: number) => boolean = () => false,
  ): bigint {
    return effect("look", `dump ${type}`, () => {
      const sequence = ++this.#sequence;
      this.#send(encodeMessage({ type, flags: NLM_F.REQUEST | NLM_F.DUMP, sequence, body }));
      // An interrupted dump is told apart from a whole one: what differs is looked at.
      for (let digest = 0n; ; ) {
        const length = this.#fill();
        const view = new DataView(buffer().buffer);
        for (let at = 0; at < length; at += (view.getUint32(at, true) + 3) & ~3) {
          if (view.getUint32(at + 8, true) !== sequence) continue;
          const end = at + view.getUint32(at, true);
          const begin = at + messageHeaderBytes;
          const answer = view.getUint16(at + 4, true);
          if (answer === NLMSG_DONE) return digest;
          if (answer === NLMSG_ERROR) throw refusalOf(decodedAt(at, end)) ?? failure("dump");
          if ((view.getUint16(at + 6, true) & NLM_F_DUMP_INTR) !== 0) digest++;
          if (!isLeftOut(buffer(), begin))
            digest = Bun.hash.wyhash(buffer().subarray(begin, end), digest);
        }
      }
    });
  }

  /**
   * One object. Throws NetlinkError. tc answers a look-up like a change: to its listeners, and to
   * the asker only if the request says echo; the acknowledgement ends the answer.
   */
  get(type: number, body: Uint8Array): Message {
    const message = this.getIfTold(type, body);
    if (message === null) throw new RangeError("netlink answered without a message");
    return message;
  }

  /** null: it is there, and the kernel tells nobody of it. */
  getIfTold(type: number, body: Uint8Array): Message | null {
    const [message] = effect(
      "look",
      `get ${type}`,
      () => this.#exchange(type, NLM_F.REQUEST | NLM_F.ACK | NLM_F.ECHO, body).messages,
    );
    return message ?? null;
  }

  /** A change that is done when this returns. `flags`: those of making something. Throws NetlinkError. */
  change(type: number, flags: number, body: Uint8Array): void {
    this.#exchange(type, NLM_F.REQUEST | NLM_F.ACK | flags, body);
  }

  /** A deletion. Whether there was anything to delete. Throws NetlinkError. */
  changeIfThere(type: number, body: Uint8Array): boolean {
    try {
      this.change(type, 0, body);
      return true;
    } catch (error) {
      if (error instanceof NetlinkError && error.absent) return false;
      throw error;
    }
  }

  /** For who sends without waiting for an answer: a message as it goes over the wire. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Sends requests as they go over the wire, the last of which asks for an acknowledgement, and hands on
   * each answer where it lies in a buffer, refusals and that acknowledgement among them: for who does not
   * need to know which is which. The socket is to be a new one: the requests have their numbers already.
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
   * Messages that the kernel takes all or none of, between a beginning and an end that have no answer of
   * their own. `failure`: the index of the first that was refused, and why; null: all were taken.
   * `told`: what the kernel tells of it beside that, where the first of them asks for an echo.
   */
  transaction(
    begin: Omit<Message, "sequence">,
    changes: Omit<Message, "sequence">[],
    end: Omit<Message, "sequence">,
  ): { failure: Refused | null; told: Message[] } {
    const first = this.#sequence + 1;
    const numbered = [
      begin,
      ...changes.map((each) => ({ ...each, flags: each.flags | NLM_F.ACK })),
      end,
    ].map((message) => encodeMessage({ ...message, sequence: ++this.#sequence }));
    this.#send(concat(...numbered));
    const answered = new Map<number, NetlinkError | null>();
    const told: Message[] = [];
    while (answered.size < changes.length) {
      for (const message of this.#receive()) {
        if (message.sequence < first) continue;
        if (message.type !== NLMSG_ERROR) {
          told.push(message);
          continue;
        }
        const refused = refusalOf(message);
        // What is refused as a whole is answered in the name of the beginning.
        if (message.sequence === first && refused !== null)
          return { failure: { at: 0, refused }, told };
        answered.set(message.sequence - first - 1, refused);
      }
    }
    for (let at = 0; at < changes.length; at++) {
      const refused = answered.get(at);
      if (refused != null) return { failure: { at, refused }, told };
    }
    return { failure: null, told };
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

  /** How many bytes were received into the buffer. */
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

/** null: an acknowledgement. */
function refusalOf({ body, flags }: Message): NetlinkError | null {
  const view = viewOf(body);
  const code = -view.getInt32(0, true);
  if (code === 0) return null;
  // struct nlmsgerr: the errno, then the request's header, and unless capped its body, then attributes.
  const echoed = (flags & NLM_F_CAPPED) === 0 ? view.getUint32(4, true) : messageHeaderBytes;
  return new NetlinkError(code, new Attributes(body, 4 + echoed).text(NLMSGERR_ATTR_MSG));
}
