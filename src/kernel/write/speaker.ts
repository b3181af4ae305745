/** A conversation in which requests are sent, in the namespace that it was begun in. */
import { closeSync, openSync } from "node:fs";
import { FairwayError } from "../../errors.ts";
import { linkIndex } from "../link-index.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import { RTM } from "../netlink/tables.ts";
import { encodeRequest, type Named, type Numbers, type Request } from "./request.ts";

/** As iproute2 says it, and as the kernel does of a name of its own. */
export class NoSuchLink extends Error {
  constructor(name: string) {
    super(`Cannot find device "${name}" (No such device)`);
  }
}

export class Speaker implements Numbers, Disposable {
  readonly #socket = new NetlinkSocket();
  readonly #indexes = new Map<string, number>();
  readonly #descriptors: number[] = [];

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
    for (const fd of this.#descriptors) closeSync(fd);
  }

  of(named: Named): number {
    return "link" in named ? this.#index(named.link) : this.#descriptor(named.netns);
  }

  /**
   * The request with this moment's numbers; sending it is what the returned function does. Both throw
   * NetlinkError, NoSuchLink, and FairwayError where nobody answers; nothing is changed until it is sent.
   */
  prepare(request: Request): () => void {
    const { type, flags } = request;
    const body = encodeRequest(request, this);
    return () => {
      this.#socket.change(type, flags, body);
      // A link of the same name has another number when it is made again.
      if (type === RTM.DELLINK) this.#indexes.clear();
    };
  }

  #index(name: string): number {
    const known = this.#indexes.get(name);
    if (known !== undefined) return known;
    const index = linkIndex(name);
    if (index === null) throw new NoSuchLink(name);
    this.#indexes.set(name, index);
    return index;
  }

  #descriptor(netns: string): number {
    try {
      const fd = openSync(netns, "r");
      this.#descriptors.push(fd);
      return fd;
    } catch (cause) {
      throw new FairwayError(
        "invalidNetns",
        `cannot open network namespace ${netns}`,
        "CNI_NETNS must be the path of the pod's network namespace, such as /run/netns/NAME",
        { cause },
      );
    }
  }
}
