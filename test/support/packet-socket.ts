/** AF_PACKET in a namespace: sends whole frames, and sees all that comes in. */
import { errno, libc, ptr } from "../../src/kernel/netlink/libc.ts";
import { NetlinkSocket } from "../../src/kernel/netlink/socket.ts";
import { inNetns } from "../../src/kernel/netns.ts";
import { linkNamed } from "../../src/kernel/read/links.ts";
import { namespacePath } from "../../src/prove/lab/namespaces.ts";
import { calls } from "../../src/prove/traffic/calls.ts";

/** include/linux/socket.h, uapi/linux/if_ether.h, if_packet.h, asm-generic/socket.h */
const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const ETH_P_ALL = 3;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_RCVBUF = 8;
const EAGAIN = 11;
const EINTR = 4;

const networkOrder = (n: number): number => ((n & 255) << 8) | (n >> 8);

function indexOf(device: string): number {
  using socket = new NetlinkSocket();
  const link = linkNamed(socket, device);
  if (link === null) throw new Error(`no device ${device}`);
  return link.index;
}

export class PacketSocket implements Disposable {
  readonly #fd: number;
  readonly #buffer = new Uint8Array(1 << 16);

  /** `waitMs`: how long `receive` waits for a frame. */
  constructor(namespace: string, device: string, waitMs: number) {
    this.#fd = inNetns(namespacePath(namespace), () => {
      const { socket, setsockopt } = libc();
      const fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, networkOrder(ETH_P_ALL));
      if (fd < 0) throw new Error(`socket: errno ${errno()}`);
      // struct sockaddr_ll: family, protocol, index; the rest is not read.
      const address = new Uint8Array(20);
      const view = new DataView(address.buffer);
      view.setUint16(0, AF_PACKET, true);
      view.setUint16(2, ETH_P_ALL, false);
      view.setInt32(4, indexOf(device), true);
      if (calls().bind(fd, ptr(address), address.length) !== 0)
        throw new Error(`bind: errno ${errno()}`);
      const room = new Int32Array([1 << 20]);
      setsockopt(fd, SOL_SOCKET, SO_RCVBUF, ptr(room), room.byteLength);
      const timeout = new BigInt64Array([
        BigInt(Math.floor(waitMs / 1000)),
        BigInt((waitMs % 1000) * 1000),
      ]);
      setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, ptr(timeout), timeout.byteLength);
      return fd;
    });
  }

  [Symbol.dispose](): void {
    libc().close(this.#fd);
  }

  send(frame: Uint8Array): void {
    const sent = libc().send(this.#fd, ptr(frame), frame.length, 0);
    if (Number(sent) !== frame.length) throw new Error(`send: errno ${errno()}`);
  }

  /** null: none came in the time. */
  receive(): Uint8Array | null {
    for (;;) {
      const got = Number(libc().recv(this.#fd, ptr(this.#buffer), this.#buffer.length, 0));
      if (got > 0) return this.#buffer.slice(0, got);
      if (errno() === EINTR) continue;
      if (errno() === EAGAIN) return null;
      throw new Error(`recv: errno ${errno()}`);
    }
  }
}
