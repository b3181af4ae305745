/** A netlink socket: dumps and single look-ups. It speaks to the namespace that it was opened in. */
import { effect } from "../../effect.ts";
import { FairwayError } from "../../errors.ts";
import {
  Attributes,
  decodeMessages,
  encodeMessage,
  type Message,
  messageHeaderBytes,
  viewOf,
} from "./codec.ts";
import { errno, libc, ptr } from "./libc.ts";

/** include/uapi/linux/netlink.h and asm-generic/socket.h */
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
/** Who is spoken to: rtnetlink, nfnetlink. */
const protocols = { route: 0, netfilter: 12 } as const;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SOL_NETLINK = 270;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;
const NLM_F_ECHO = 8;
const NLM_F_DUMP = 0x300;
const NLM_F_DUMP_INTR = 0x10;
const NLM_F_CAPPED = 0x100;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLMSGERR_ATTR_MSG = 1;

const EINTR = 4;
const ENOENT = 2;
const ENODEV = 19;
const EAGAIN = 11;

/** A kernel that does not answer is an error, not a wait: in seconds. */
const answerSeconds = 5;
const receiveBytes = 1 << 18;

/** A request that the kernel refused, with its errno and, where it said one, its reason (extended ACK). */
export class NetlinkError extends Error {
  readonly errno: number;
  constructor(errno: number, reason: string | undefined) {
    super(`netlink error ${errno}${reason === undefined ? "" : `: ${reason}`}`);
    this.name = "NetlinkError";
    this.errno = errno;
  }
  /** What was asked for is not there: a value, not a failure. */
  get absent(): boolean {
    return this.errno === ENOENT || this.errno === ENODEV;
  }
}

function failure(call: string): FairwayError {
  return new FairwayError(
    "io",
    `netlink: ${call} failed with errno ${errno()}`,
    "fairway needs CAP_NET_ADMIN and a kernel with rtnetlink and nfnetlink",
  );
}

export class NetlinkSocket implements Disposable {
  readonly #fd: number;
  readonly #buffer = new Uint8Array(receiveBytes);
  #sequence = 0;

  constructor(protocol: keyof typeof protocols = "route") {
    const { socket, setsockopt } = libc();
    this.#fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocols[protocol]);
    if (this.#fd < 0) throw failure("socket");
    const timeout = new BigInt64Array([BigInt(answerSeconds), 0n]);
    setsockopt(this.#fd, SOL_SOCKET, SO_RCVTIMEO, ptr(timeout), timeout.byteLength);
    const on = new Int32Array([1]);
    setsockopt(this.#fd, SOL_NETLINK, NETLINK_EXT_ACK, ptr(on), on.byteLength);
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
        this.#exchange(type, NLM_F_REQUEST | NLM_F_DUMP, body),
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
   * One object. Throws NetlinkError. tc answers a look-up like a change: to its listeners, and to
   * the asker only if the request says echo; the acknowledgement ends the answer.
   */
  get(type: number, body: Uint8Array): Message {
    const [message] = effect(
      "look",
      `get ${type}`,
      () => this.#exchange(type, NLM_F_REQUEST | NLM_F_ACK | NLM_F_ECHO, body).messages,
    );
    if (message === undefined) throw new RangeError("netlink answered without a message");
    return message;
  }

  #exchange(
    type: number,
    flags: number,
    body: Uint8Array,
  ): { messages: Message[]; interrupted: boolean } {
    const sequence = ++this.#sequence;
    const request = encodeMessage({ type, flags, sequence, body });
    if (libc().send(this.#fd, ptr(request), request.length, 0) < 0n) throw failure("send");
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
    for (;;) {
      const received = Number(libc().recv(this.#fd, ptr(this.#buffer), this.#buffer.length, 0));
      if (received > 0) return decodeMessages(this.#buffer.slice(0, received));
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

/** null: an acknowledgement. */
function refusalOf({ body, flags }: Message): NetlinkError | null {
  const view = viewOf(body);
  const code = -view.getInt32(0, true);
  if (code === 0) return null;
  // struct nlmsgerr: the errno, then the request's header, and unless capped its body, then attributes.
  const echoed = (flags & NLM_F_CAPPED) === 0 ? view.getUint32(4, true) : messageHeaderBytes;
  return new NetlinkError(code, new Attributes(body, 4 + echoed).text(NLMSGERR_ATTR_MSG));
}
