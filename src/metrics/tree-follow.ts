/** Follows what a tree carries from look to look: all that has a class, and the node's own of it. Pure. */
import type { Counters } from "../plan/counters.ts";
import { hostClassMinors, hostMinor, rootMinor } from "../plan/names.ts";
import { ClassFollow } from "./class-follow.ts";

export class TreeFollow {
  readonly #whole = new ClassFollow();
  readonly #hosts = new Map(
    [hostMinor, ...hostClassMinors].map((minor) => [minor, new ClassFollow()] as const),
  );

  /** `countersOf` tells what a class counted, by its minor number; null means that there is no such class. */
  look(atMs: number, countersOf: (minor: number) => Counters | null): void {
    this.#whole.look({ atMs, counters: countersOf(rootMinor) }, 0);
    for (const [minor, follow] of this.#hosts)
      follow.look({ atMs, counters: countersOf(minor) }, 0);
  }

  /** What has no class passes beside: on ingress, what the host itself sends to its pods. */
  get rateBits(): number | null {
    return this.#whole.rateBits;
  }

  /** null means that the tree has no class for the host. */
  get hostRateBits(): number | null {
    const rates = [...this.#hosts.values()].flatMap(({ rateBits }) => rateBits ?? []);
    return rates.length === 0 ? null : rates.reduce((sum, bits) => sum + bits, 0);
  }
}
