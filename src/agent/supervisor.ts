/** Tells a supervisor that the agent is ready and alive, as sd_notify(3) and sd_watchdog_enabled(3) do. */
import { callsOf, errno, ptr } from "../kernel/netlink/libc.ts";

type Environment = Record<string, string | undefined>;

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
/** sun_family, and then the path. */
const familyBytes = 2;
const longestPath = 107;

/** A verb that waits for locks may keep one of them back for a while. */
const signsPerLimit = 4;

const signatures = {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
  close: { args: ["i32"], returns: "i32" },
} as const;

let loaded: ReturnType<typeof callsOf<typeof signatures>> | undefined;

/** A name that begins with "@" is in the kernel's own name space, where it begins with NUL. */
function addressOf(path: string): Uint8Array {
  const name = new TextEncoder().encode(path);
  const address = new Uint8Array(familyBytes + name.length + (path.startsWith("@") ? 0 : 1));
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, familyBytes);
  if (path.startsWith("@")) address[familyBytes] = 0;
  return address;
}

export class Supervisor {
  readonly #path: string | null;
  readonly #aliveEachMs: number | null;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(env: Environment) {
    const path = env.NOTIFY_SOCKET ?? "";
    const isPath = /^[/@]/.test(path) && Buffer.byteLength(path) <= longestPath;
    this.#path = isPath ? path : null;
    const isForUs = env.WATCHDOG_PID === undefined || Number(env.WATCHDOG_PID) === process.pid;
    const limitUs = Number(env.WATCHDOG_USEC ?? 0);
    this.#aliveEachMs = isForUs && limitUs > 0 ? limitUs / 1_000 / signsPerLimit : null;
  }

  /** Returns in words why it could not be told; null means that it was told, or that nobody wants to know. */
  #tell(text: string): string | null {
    if (this.#path === null) return null;
    loaded ??= callsOf(signatures);
    const { socket, sendto, close } = loaded;
    const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return `no socket for NOTIFY_SOCKET can be made (errno ${errno()})`;
    const [bytes, address] = [new TextEncoder().encode(text), addressOf(this.#path)];
    const sent = sendto(fd, ptr(bytes), bytes.length, 0, ptr(address), address.length);
    const why = Number(sent) < 0 ? `NOTIFY_SOCKET takes nothing (errno ${errno()})` : null;
    close(fd);
    return why;
  }

  ready(): string | null {
    const why = this.#tell("READY=1");
    if (this.#aliveEachMs !== null)
      this.#timer = setInterval(() => this.#tell("WATCHDOG=1"), this.#aliveEachMs);
    return why;
  }

  stopping(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#tell("STOPPING=1");
  }
}
