/** Queues and classes, as net/sched and tc treat them. */
import type { TrafficClass } from "../../src/plan/kinds/class.ts";
import { tbfClass } from "../../src/plan/names.ts";
import { type KernelObject, keyOf, type Qdisc } from "../../src/plan/state.ts";
import { FakeStore, refuse } from "./fake-store.ts";

/** How tc makes ticks of a burst: through whole microseconds, or directly and rounding up. */
export type TcVersion = "2022" | "2025";

/** What a device has at its root by itself. */
export const rootDefault = (dev: string): Qdisc => ({
  kind: "qdisc",
  dev,
  parent: "root",
  handle: "0:",
  spec: { type: "default", name: "noqueue 0:" },
});

const majorOf = (id: string): string => `${id.split(":")[0]}:`;

export abstract class FakeTc extends FakeStore {
  abstract readonly tc: TcVersion;
  protected abstract linkExists(name: string): boolean;

  protected changeQdisc(qdisc: Qdisc, there: Qdisc): void {
    const key = keyOf(qdisc);
    if (there.handle !== qdisc.handle) refuse(`${key}: NLM_F_REPLACE needed to override`);
    if (there.spec.type !== qdisc.spec.type) refuse(`${key}: must match existing qdisc`);
    if (qdisc.spec.type === "htb") refuse("htb: change is not supported");
    this.put(this.withTicks(qdisc));
  }

  protected changeClass(c: TrafficClass, there: TrafficClass): void {
    // HTB takes no notice of another parent.
    if (there.parent !== c.parent) refuse(`${keyOf(c)} stays where it is`);
    this.put(this.withTicks(c));
  }

  protected deleteQdisc(qdisc: Qdisc): void {
    if (qdisc.handle === "0:") refuse(`${keyOf(qdisc)}: cannot delete a qdisc with handle of zero`);
    this.removeQdisc(qdisc);
  }

  protected deleteClass(c: TrafficClass): void {
    if (this.childrenOf(c).length > 0) refuse(`${keyOf(c)}: HTB class in use`);
    this.drop(c, ...this.queuesOf(c));
  }

  /** All qdiscs and classes of a device. */
  protected tree(dev: string): KernelObject[] {
    return [...this.all("qdisc"), ...this.all("class")].filter((o) => o.dev === dev);
  }

  protected childrenOf({ dev, classid }: TrafficClass): TrafficClass[] {
    return this.all("class").filter((c) => c.dev === dev && c.parent === classid);
  }

  protected queuesOf({ dev, classid }: TrafficClass): Qdisc[] {
    return this.all("qdisc").filter((q) => q.dev === dev && q.parent === classid);
  }

  /** A qdisc goes with all that stands on it. */
  protected removeQdisc(qdisc: Qdisc): void {
    const { dev, parent, handle } = qdisc;
    if (parent === "root") {
      this.drop(...this.tree(dev));
      this.put(rootDefault(dev));
      return;
    }
    this.drop(qdisc);
    for (const c of this.all("class"))
      if (c.dev === dev && majorOf(c.classid) === handle) this.drop(c, ...this.queuesOf(c));
  }

  /** What a qdisc hangs on must be there, and have room for one. */
  #checkPlace({ dev, parent }: Qdisc): void {
    if (!this.linkExists(dev)) refuse(`no device ${dev}`);
    if (parent === "root") return;
    if (parent === tbfClass) {
      const root = this.get("qdisc", dev, "root");
      if (root?.spec.type !== "tbf" || root.handle !== majorOf(tbfClass))
        refuse(`${dev}: no parent ${parent}`);
      return;
    }
    const above = this.get("class", dev, parent) ?? refuse(`${dev}: no class ${parent}`);
    if (this.childrenOf(above).length > 0) refuse(`${dev}: class ${parent} is not a leaf`);
  }

  /** `tc qdisc replace`. */
  protected createQdisc(qdisc: Qdisc): void {
    const { dev, parent, handle } = qdisc;
    this.#checkPlace(qdisc);
    const there = this.get("qdisc", dev, parent);
    if (there?.handle === handle && there.spec.type === qdisc.spec.type)
      refuse(`${keyOf(qdisc)} exists`);
    if (there?.handle === handle) refuse(`${keyOf(qdisc)}: must match existing qdisc`);
    if (this.all("qdisc").some((q) => q.dev === dev && q.handle === handle))
      refuse(`${keyOf(qdisc)}: cannot move an existing qdisc to a different parent`);
    if (there !== null) this.removeQdisc(there);
    this.put(this.withTicks(qdisc));
  }

  protected createClass(c: TrafficClass): void {
    const { dev, classid, parent } = c;
    const isOurs = (q: Qdisc): boolean =>
      q.dev === dev && q.handle === majorOf(classid) && q.spec.type === "htb";
    if (!this.all("qdisc").some(isOurs)) refuse(`${dev}: no qdisc ${majorOf(classid)}`);
    if (parent !== "root") {
      const above = this.get("class", dev, parent) ?? refuse(`${dev}: no class ${parent}`);
      // A leaf that gets a class below it loses its queue.
      this.drop(...this.queuesOf(above));
    }
    if (c.rateBytes < 1 || c.ceilBytes < c.rateBytes) refuse(`${keyOf(c)}: rate and ceil`);
    this.putNew(this.withTicks(c));
  }

  #ticks(bytes: number, rate: number): number {
    const us = (1e6 * bytes) / rate;
    const ticks = this.tc === "2022" ? Math.floor(Math.floor(us) * 15.625) : Math.ceil(us * 15.625);
    // A field of 32 bits: what does not fit is cut off.
    return ticks % 2 ** 32;
  }

  /** As the kernel has it, which knows bursts in time only; tc makes its own of a burst of 0. */
  protected withTicks<T extends Qdisc | TrafficClass>(object: T): T {
    if (object.kind === "class") {
      const { burstBytes, rateBytes, cburstBytes, ceilBytes } = object;
      return {
        ...object,
        burstTicks: this.#ticks(burstBytes === 0 ? 1600 : burstBytes, rateBytes),
        cburstTicks: this.#ticks(cburstBytes === 0 ? 1600 : cburstBytes, ceilBytes),
      };
    }
    const { spec } = object;
    if (spec.type === "default" || spec.type === "foreign") refuse(`nobody makes a ${spec.type}`);
    if (spec.type !== "tbf") return object;
    if (spec.burstBytes === 0) refuse('tbf: the "burst" parameter is mandatory');
    const burstTicks = this.#ticks(spec.burstBytes, spec.rateBytes);
    return { ...object, spec: { ...spec, burstTicks } };
  }
}
