/** What may happen to a node, chosen at random from what there is. */
import { type Direction, directions, type ModelNode, type ModelPromise } from "./model.ts";
import type { Random } from "./random.ts";

export type Act =
  | { act: "add"; container: string; asked: ModelPromise }
  | { act: "set"; container: string; asked: ModelPromise }
  | { act: "del"; container: string }
  | { act: "check"; container: string }
  /** The namespace goes, and no DEL comes for it. */
  | { act: "vanish"; container: string }
  | { act: "sweep" }
  | { act: "gc"; alive: string[] }
  /** null: as configured. */
  | { act: "capacity"; bits: Record<Direction, number | null> };

/** From less than a floor to more than there is, most of them in between; often none. */
function guarantee(random: Random, capacityBits: number): number {
  if (random.isOneIn(3)) return 0;
  if (random.isOneIn(8)) return random.whole(1_000, 20_000);
  return random.whole(20_000, random.isOneIn(8) ? 2 * capacityBits : Math.floor(capacityBits / 3));
}

function promised(random: Random, node: ModelNode): ModelPromise {
  const one = (direction: Direction) => {
    const guaranteeBits = guarantee(random, node.capacityBits[direction]);
    // Above what any capacity leads to, so that a limit never stands below a rate.
    const limitBits = random.isOneIn(4) ? guaranteeBits + random.whole(20_000, 50_000_000) : null;
    return { guaranteeBits, limitBits };
  };
  return { egress: one("egress"), ingress: one("ingress") };
}

export interface Living {
  /** Containers in the ledger. */
  all: string[];
  /** Those whose namespace is there. */
  reachable: string[];
}

export function chooseAct(
  random: Random,
  node: ModelNode,
  { all, reachable }: Living,
  fresh: string,
): Act {
  const add = (): Act => ({ act: "add", container: fresh, asked: promised(random, node) });
  const one = (of: string[], then: (container: string) => Act): Act => {
    const container = random.pick(of);
    return container === undefined ? add() : then(container);
  };
  const dice = random.whole(1, 20);
  if (dice <= 8) return add();
  if (dice <= 11)
    return one(reachable, (container) => ({
      act: "set",
      container,
      asked: promised(random, node),
    }));
  if (dice <= 14) return one(all, (container) => ({ act: "del", container }));
  if (dice <= 16) return one(reachable, (container) => ({ act: "check", container }));
  if (dice === 17) return one(reachable, (container) => ({ act: "vanish", container }));
  if (dice === 18) return { act: "gc", alive: reachable.filter(() => !random.isOneIn(4)) };
  if (dice === 19)
    return random.isOneIn(2) ? { act: "sweep" } : { act: "del", container: "never-added" };
  const bits = (): number | null => (random.isOneIn(2) ? null : random.whole(60, 500) * 1_000_000);
  return { act: "capacity", bits: { egress: bits(), ingress: bits() } };
}

const rate = ({ guaranteeBits, limitBits }: ModelPromise[Direction]): string =>
  `${guaranteeBits}${limitBits === null ? "" : `..${limitBits}`}`;

/** For the history of a run that failed. */
export function actText(act: Act): string {
  switch (act.act) {
    case "add":
    case "set":
      return `${act.act} ${act.container} ${directions.map((d) => `${d} ${rate(act.asked[d])}`).join(", ")}`;
    case "sweep":
      return "sweep";
    case "gc":
      return `gc, alive: ${act.alive.join(" ") || "none"}`;
    case "capacity":
      return `capacity ${directions.map((d) => `${d} ${act.bits[d] ?? "as configured"}`).join(", ")}`;
    default:
      return `${act.act} ${act.container}`;
  }
}
