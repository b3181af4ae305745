/** What the kernel says when it refuses a request. */
import { Attributes, type Message, messageHeaderBytes, viewOf } from "./codec.ts";
import { reasonOf } from "./libc.ts";

const NLM_F_CAPPED = 0x100;
const NLMSGERR_ATTR_MSG = 1;
const NLMSGERR_ATTR_OFFS = 2;

const ENOENT = 2;
const ESRCH = 3;
const ENODEV = 19;
const EINVAL = 22;

/**
 * A request that the kernel refused, with its errno and, where the kernel gave one, its reason (extended
 * ACK).
 */
export class NetlinkError extends Error {
  readonly errno: number;
  /** Where in the request's body the attribute is that the kernel named as the cause. */
  readonly offset: number | null;
  constructor(errno: number, said: string | undefined, offset: number | null = null) {
    const general = reasonOf(errno);
    super(said === undefined ? general : `${said.replace(/\.$/, "")} (${general})`);
    this.name = "NetlinkError";
    this.errno = errno;
    this.offset = offset;
  }
  /** Whether what was asked for is not there. That is a result, not a failure. */
  get absent(): boolean {
    return [ENOENT, ESRCH, ENODEV].includes(this.errno);
  }
  get isInvalid(): boolean {
    return this.errno === EINVAL;
  }
}

/** null means that the message is an acknowledgement. */
export function refusalOf({ body, flags }: Message): NetlinkError | null {
  const view = viewOf(body);
  const code = -view.getInt32(0, true);
  if (code === 0) return null;
  // struct nlmsgerr holds the errno, then the request's header, then the request's body unless it is capped,
  // then attributes.
  const echoed = (flags & NLM_F_CAPPED) === 0 ? view.getUint32(4, true) : messageHeaderBytes;
  const said = new Attributes(body, 4 + echoed);
  const offset = said.u32(NLMSGERR_ATTR_OFFS);
  return new NetlinkError(
    code,
    said.text(NLMSGERR_ATTR_MSG),
    offset === undefined ? null : offset - messageHeaderBytes,
  );
}

/** null means that what was asked for is not there. Throws NetlinkError for any other refusal. */
export function ifThere<T>(ask: () => T): T | null {
  try {
    return ask();
  } catch (error) {
    if (error instanceof NetlinkError && error.absent) return null;
    throw error;
  }
}
