/**
 * A netlink socket that the kernel tells of changes. The event loop waits for it, so that nothing is done
 * while nothing is told: to look whether something has come ten times a second would take 0.2% of a processor.
 * It listens in the namespace that it was opened in.
 */
import { effect } from "../../effect.ts";
import { FairwayError } from "../../errors.ts";
import { callsOf, errno, libc, ptr, reasonOf } from "./libc.ts";

/** include/uapi/linux/netlink.h, asm-generic/socket.h and linux/socket.h */
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const protocols = { route: 0, netfilter: 12 } as const;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;

/** struct sockaddr_nl. The kernel chooses the number of the socket. */
const anyAddress = Uint8Array.of(AF_NETLINK, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

/** No verb binds a socket, so none has to load this. */
let bindCall: ReturnType<typeof loadBind> | undefined;
const loadBind = () =>
  callsOf({ bind: { args: ["i32", "ptr", "u32"], returns: "i32" } } as const).bind;

export interface ListenerOptions {
  protocol: keyof typeof protocols;
  groups: readonly number[];
  /** How much the kernel keeps until it is read. */
  receiveBytes: number;
  /** It is called with one message or several. */
  heard(datagram: Uint8Array): void;
  /**
   * The socket has ended, and `why` says the reason. Most often the kernel had more to tell than it could keep
   * (ENOBUFS), and left some of it out.
   */
  ended(why: string): void;
}

function failure(call: string): FairwayError {
  return new FairwayError(
    "io",
    `the kernel's notifications cannot be listened to: ${call}: ${reasonOf(errno())}`,
    "fairway needs CAP_NET_ADMIN and a kernel with rtnetlink and nfnetlink",
  );
}

function setOption(fd: number, level: number, option: number, value: number): boolean {
  const bytes = new Int32Array([value]);
  return libc().setsockopt(fd, level, option, ptr(bytes), bytes.byteLength) === 0;
}

function opened({ protocol, groups, receiveBytes }: ListenerOptions): number {
  const type = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
  const fd = libc().socket(AF_NETLINK, type, protocols[protocol]);
  if (fd < 0) throw failure("socket");
  try {
    setOption(fd, SOL_SOCKET, SO_RCVBUF, receiveBytes);
    // The other option stays below a limit of the system's (net.core.rmem_max). This one needs CAP_NET_ADMIN.
    setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, receiveBytes);
    bindCall ??= loadBind();
    if (bindCall(fd, ptr(anyAddress), anyAddress.length) !== 0) throw failure("bind");
    for (const group of groups)
      if (!setOption(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group))
        throw failure(`group ${group}`);
    return fd;
  } catch (error) {
    libc().close(fd);
    throw error;
  }
}

/**
 * The socket is open when this returns its promise: what changes from then on is told. Throws io.
 */
export async function listen(options: ListenerOptions): Promise<Disposable> {
  const fd = effect("look", "notifications", () => opened(options));
  let isWanted = true;
  const socket = {
    data: (_: unknown, datagram: Uint8Array): void => options.heard(datagram),
    close: (_: unknown, error?: Error): void => {
      if (isWanted) options.ended(error?.message ?? "it was closed");
      isWanted = false;
    },
  };
  // The runtime takes a descriptor of any kind of socket, which its types do not say of this function.
  const adopted = await Bun.connect({ fd, socket } as unknown as Bun.UnixSocketOptions);
  return {
    [Symbol.dispose]: () => {
      isWanted = false;
      adopted.terminate();
    },
  };
}
