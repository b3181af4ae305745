/** Sends requests to the namespace in which it was made. */
import { closeSync, openSync } from "node:fs";
import { FairwayError } from "../../errors.ts";
import { linkIndex } from "../link-index.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import { RTM } from "../netlink/tables.ts";
import { encodeRequest, type Named, type Numbers, type Request } from "./request.ts";

/** The message is iproute2's for a link that is not there, with the kernel's reason after it. */
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
   * Encodes the request with the numbers of this moment. The returned function sends it. Both throw
   * NetlinkError, NoSuchLink, and FairwayError where nobody answers. Nothing is changed until it is sent.
   */
  prepare(request: Request): () => void {
    const { type, flags } = request;
    const body = encodeRequest(request, this);
    return () => {
      this.#socket.change(type, flags, body);
      // A link that is made again under the same name has another number.
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
