/** Looks at the trees' counters during an interval. Each look takes one dump of classes per device. */
import { setTimeout as sleep } from "node:timers/promises";
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { linkNamed } from "../../kernel/read/links.ts";
import { allQdiscs, classesOf } from "../../kernel/read/tc.ts";
import type { Sample } from "../../measure/counters.ts";
import { lookTimes } from "../../measure/schedule.ts";
import type { Counters } from "../../plan/counters.ts";

interface Counted {
  handle: string;
  counters: Counters;
}

/** One look at one device. It is empty where there is no device of that name. */
interface Look {
  /** The time is monotonic. */
  atMs: number;
  /**
   * The counters by class id. HTB fills a leaf class's backlog from the queue below it
   * (htb_dump_class_stats).
   */
  classes: Map<string, Counters>;
  /**
   * The queues by parent ("root", or a class id); null means that they were not looked at. A dump of qdiscs
   * is one of all devices.
   */
  queues: Map<string, Counted> | null;
}

function countsOf(socket: NetlinkSocket, dev: string, withQueues: boolean): Look {
  const index = linkNamed(socket, dev)?.index;
  const queues =
    index === undefined || !withQueues
      ? []
      : allQdiscs(socket).filter(({ ifindex }) => ifindex === index);
  const fromMs = performance.now();
  const classes = index === undefined ? [] : classesOf(socket, index);
  return {
    atMs: (fromMs + performance.now()) / 2,
    classes: new Map(classes.map(({ handle, counters }) => [handle, counters])),
    queues: withQueues
      ? new Map(queues.map(({ parent, handle, counters }) => [parent, { handle, counters }]))
      : null,
  };
}

/** The looks at one device, in order. Only the first and the last look at the queues. */
export class DeviceLooks {
  readonly #looks: Look[] = [];

  add(look: Look): void {
    this.#looks.push(look);
  }

  samplesOf(classid: string): Sample[] {
    return this.#looks.map(({ atMs, classes }) => ({
      atMs,
      counters: classes.get(classid) ?? null,
    }));
  }

  /**
   * The samples of the queue at a place, if it has this handle. Another queue there is not the one that is
   * asked for.
   */
  queueSamples(parent: string, wantedHandle: string): Sample[] {
    return this.#looks.flatMap(({ atMs, queues }) => {
      if (queues === null) return [];
      const found = queues.get(parent);
      return [{ atMs, counters: found?.handle === wantedHandle ? found.counters : null }];
    });
  }
}

/** Returns the looks by device name. Rejects with the signal's reason when it is aborted. */
export async function sampleDevices(
  devices: readonly string[],
  intervalMs: number,
  signal: AbortSignal,
): Promise<Map<string, DeviceLooks>> {
  using socket = new NetlinkSocket();
  const found = new Map(devices.map((dev) => [dev, new DeviceLooks()]));
  const times = lookTimes(intervalMs, Math.random);
  const startMs = performance.now();
  for (const [i, offsetMs] of times.entries()) {
    const waitMs = startMs + offsetMs - performance.now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal });
    signal.throwIfAborted();
    const atAnEnd = i === 0 || i === times.length - 1;
    for (const [dev, looks] of found) looks.add(countsOf(socket, dev, atAnEnd));
  }
  return found;
}
