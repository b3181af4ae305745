/** A socket like systemd's, on which services tell that they are ready and alive. */
import { callsOf, ptr } from "../../src/kernel/netlink/libc.ts";

const { socket, bind, recv, close } = callsOf({
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
  close: { args: ["i32"], returns: "i32" },
});

const [AF_UNIX, SOCK_DGRAM, SOCK_CLOEXEC, MSG_DONTWAIT] = [1, 2, 0o2000000, 0x40];

export interface NotifySocket extends Disposable {
  /** What was told since it was last asked. */
  heard(): string[];
}

/** Listens at this name; "\0" at its beginning stands for the kernel's own name space. */
export function listenTo(name: string): NotifySocket {
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const address = Buffer.concat([new Uint8Array([AF_UNIX, 0]), Buffer.from(name)]);
  if (bind(fd, ptr(address), address.length) !== 0) throw new Error(`cannot bind ${name}`);
  return {
    heard: () => {
      const texts: string[] = [];
      for (const bytes = new Uint8Array(500); ; ) {
        const length = Number(recv(fd, ptr(bytes), bytes.length, MSG_DONTWAIT));
        if (length < 0) return texts;
        texts.push(Buffer.from(bytes.subarray(0, length)).toString());
      }
    },
    [Symbol.dispose]: () => void close(fd),
  };
}
