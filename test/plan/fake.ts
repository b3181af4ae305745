/**
 * A kernel that is a map of objects. It takes steps one by one and refuses what Linux refuses
 * (net/sched, net/core, nf_tables; with iproute2 in front), in the words of a person.
 */

import type { Step } from "../../src/plan/diff.ts";
import { familyOf, isLinkLocal } from "../../src/plan/ip.ts";
import type { Bridge } from "../../src/plan/kinds/bridge.ts";
import type { TrafficClass } from "../../src/plan/kinds/class.ts";
import type { Element } from "../../src/plan/kinds/element.ts";
import type { Ipv6Setting } from "../../src/plan/kinds/ipv6setting.ts";
import type { KernelRoute } from "../../src/plan/kinds/kernelroute.ts";
import type { Netns } from "../../src/plan/kinds/kind.ts";
import type { Route } from "../../src/plan/kinds/route.ts";
import { type Ruleset, surplusChains } from "../../src/plan/kinds/ruleset.ts";
import type { Veth } from "../../src/plan/kinds/veth.ts";
import { tableOfSet } from "../../src/plan/names.ts";
import { gatewayRoutes, subnetRoutes } from "../../src/plan/routes.ts";
import { type Address, type KernelObject, keyOf, type Qdisc } from "../../src/plan/state.ts";
import { refuse } from "./fake-store.ts";
import { FakeTc, rootDefault, type TcVersion } from "./fake-tc.ts";
import { overlapping } from "./intervals.ts";

const isIpv6 = (text: string): boolean => familyOf(text) === 6;

const ipv6Defaults: Record<Ipv6Setting["name"], string> = {
  accept_dad: "1",
  accept_ra: "1",
  disable_ipv6: "0",
};

/** A new device has what all have. */
const forwardingOf = (dev: string): KernelObject => ({
  kind: "sysctl",
  path: `net/ipv4/conf/${dev}/forwarding`,
  value: "0",
});

/** What comes with an address. */
function kernelRoutesOf({ netns, dev, cidr }: Address): KernelRoute[] {
  if (isLinkLocal(cidr)) return [];
  const routes = netns === null ? gatewayRoutes(dev, [cidr]) : subnetRoutes(netns, dev, [cidr]);
  return routes.filter(({ role }) => role !== "multicast");
}

export class FakeKernel extends FakeTc {
  readonly netnses = new Set<string>();

  constructor(
    readonly uplinks: readonly string[],
    sysctls: readonly string[],
    readonly tc: TcVersion = "2022",
  ) {
    super();
    for (const dev of uplinks) {
      this.put(rootDefault(dev));
      this.put({ kind: "hostlink", name: dev, gsoMaxBytes: 65_536 });
      this.#putSettings(null, dev);
    }
    for (const path of sysctls) this.put({ kind: "sysctl", path, value: "0" });
  }

  clone(): FakeKernel {
    const copy = new FakeKernel(this.uplinks, [], this.tc);
    copy.objects.clear();
    // No object is changed in place.
    for (const [key, object] of this.objects) copy.objects.set(key, object);
    for (const netns of this.netnses) copy.netnses.add(netns);
    return copy;
  }

  apply(step: Step): void {
    switch (step.op) {
      case "create":
        this.create(step.want);
        break;
      case "change":
        this.change(step.want, step.have);
        break;
      case "delete":
        this.delete(step.have);
    }
  }

  create(object: KernelObject): void {
    switch (object.kind) {
      case "sysctl":
      case "hostlink":
      case "ipv6setting":
        this.change(object);
        break;
      case "bridge":
        this.#createBridge(object);
        break;
      case "veth":
        this.#createVeth(object);
        break;
      // A pair's ends are there from its creation on: to create one is to set it.
      case "port":
      case "podlink":
        this.change(object);
        break;
      case "address":
        if (!this.#deviceExists(object.netns, object.dev)) refuse(`no device ${object.dev}`);
        this.putNew(object);
        this.#putKernelRoutes(object);
        break;
      case "announcement":
        // Nothing of what was told can be read back.
        if (!this.#deviceExists(object.netns, object.dev)) refuse(`no device ${object.dev}`);
        break;
      case "route":
        this.#createRoute(object);
        break;
      // It is put there, whatever stood in its place.
      case "kernelroute":
        if (!this.#deviceExists(object.netns, object.dev ?? "")) refuse(`no device ${object.dev}`);
        this.put(object);
        break;
      case "qdisc":
        this.createQdisc(object);
        break;
      case "class":
        this.createClass(object);
        break;
      case "ruleset":
        this.#checkRuleset(object);
        this.putNew(object);
        break;
      case "element":
        this.#createElement(object);
    }
  }

  /** `seen`: what the step says that there was. */
  change(object: KernelObject, seen: KernelObject = object): void {
    const key = keyOf(object);
    const have = this.objects.get(key);
    if (have === undefined) refuse(`${key} is absent`);
    switch (object.kind) {
      case "bridge":
        this.put(object);
        // The routes of what has an address go with the link, and come back with it.
        this.drop(...(object.up ? [] : this.#kernelRoutes(null, object.name)));
        if (!(have as Bridge).up && object.up) this.#putGroups(object);
        if (!(have as Bridge).up && object.up)
          for (const each of this.#addresses(null, object.name)) this.#putKernelRoutes(each);
        return;
      case "sysctl":
      case "hostlink":
      case "kernelroute":
        this.put(object);
        break;
      case "ipv6setting": {
        this.put(object);
        if (object.name !== "disable_ipv6") break;
        if (object.value !== "0") {
          const here = this.#kernelRoutes(object.netns, object.dev);
          this.drop(...here.filter(({ dst }) => isIpv6(dst)));
          break;
        }
        // addrconf_dev_config(): IPv6 begins anew on the device.
        const bridge = object.netns === null ? this.get("bridge", object.dev) : null;
        if (bridge?.up === true) this.#putGroups(bridge);
        for (const each of this.#addresses(object.netns, object.dev))
          if (isIpv6(each.cidr)) this.#putKernelRoutes(each);
        break;
      }
      case "port":
        if (object.bridge === null && object.hairpin) refuse("hairpin is a bridge port's");
        if (object.bridge !== null && !this.has(`bridge ${object.bridge}`))
          refuse(`no bridge ${object.bridge}`);
        this.put(object);
        break;
      case "podlink":
        this.put(object);
        if (!object.up) {
          this.#flushRoutes(object.netns, object.name);
          // addrconf_ifdown(): IPv6 keeps no address on what is down.
          this.drop(...this.#addresses(object.netns, object.name).filter((a) => isIpv6(a.cidr)));
        } else if ((have as typeof object).up === false)
          // fib_netdev_event(): the routes of what has an address come back.
          for (const each of this.#addresses(object.netns, object.name))
            this.#putKernelRoutes(each);
        return;
      case "qdisc":
        this.changeQdisc(object, have as Qdisc);
        break;
      case "class":
        this.changeClass(object, have as TrafficClass);
        break;
      case "ruleset": {
        this.#checkRuleset(object);
        const there = have as Ruleset;
        const surplus = seen.kind === "ruleset" ? surplusChains(object, seen) : [];
        const isOther =
          <T extends { name: string }>(ours: T[]) =>
          (item: T) =>
            !ours.some(({ name }) => name === item.name);
        this.put({
          ...object,
          // Chains are made anew and sets added; others stay, but for chains of ours.
          sets: [...there.sets, ...object.sets.filter(isOther(there.sets))],
          chains: [
            ...there.chains.filter(isOther(object.chains)).filter(isOther(surplus)),
            ...object.chains,
          ],
        });
        break;
      }
      default:
        refuse(`no command changes a ${object.kind}`);
    }
  }

  delete(object: KernelObject): void {
    const key = keyOf(object);
    const have = this.objects.get(key);
    if (have === undefined) refuse(`${key} is absent`);
    switch (have.kind) {
      case "bridge":
        this.drop(have, ...this.#addresses(null, have.name), ...this.#settings(null, have.name));
        this.drop(...this.#kernelRoutes(null, have.name));
        this.objects.delete(keyOf(forwardingOf(have.name)));
        this.drop(...this.tree(have.name));
        for (const port of this.all("port"))
          if (port.bridge === have.name)
            this.put({ ...port, bridge: null, hairpin: false, groupForwardMask: 0 });
        return;
      case "veth":
        this.#deleteVeth(have);
        break;
      case "address": {
        this.drop(have);
        const { netns, dev, cidr } = have;
        const kept = this.#addresses(netns, dev).flatMap(kernelRoutesOf).map(keyOf);
        this.drop(...kernelRoutesOf(have).filter((route) => !kept.includes(keyOf(route))));
        const others = this.#addresses(netns, dev).some((a) => !isIpv6(a.cidr));
        // fib_inetaddr_event(): without an address IPv4 is off. IPv6 keeps its routes.
        if (netns !== null && !isIpv6(cidr) && !others) this.#flushRoutes(netns, dev, false);
        return;
      }
      case "qdisc":
        this.deleteQdisc(have);
        break;
      case "class":
        this.deleteClass(have);
        break;
      case "ruleset":
        this.drop(have, ...this.all("element").filter((e) => tableOfSet(e.set) === have.table));
        break;
      case "route":
      case "kernelroute":
      case "element":
        this.drop(have);
        break;
      default:
        refuse(`no command deletes a ${have.kind}`);
    }
  }

  protected linkExists(name: string): boolean {
    return this.uplinks.includes(name) || this.has(`bridge ${name}`) || this.has(`veth ${name}`);
  }

  #deviceExists(netns: Netns, dev: string): boolean {
    return netns === null ? this.linkExists(dev) : this.has(`podlink ${netns} ${dev}`);
  }

  #createBridge(bridge: Bridge): void {
    if (this.linkExists(bridge.name)) refuse(`link ${bridge.name} exists`);
    this.put(bridge);
    this.put(rootDefault(bridge.name));
    this.put(forwardingOf(bridge.name));
    this.#putGroups(bridge);
    this.#putSettings(null, bridge.name);
  }

  /** What the kernel gives a new device. */
  #putSettings(netns: Netns, dev: string): void {
    for (const [name, value] of Object.entries(ipv6Defaults) as [Ipv6Setting["name"], string][])
      this.put({ kind: "ipv6setting", netns, dev, name, value });
  }

  #settings(netns: Netns, dev: string): Ipv6Setting[] {
    return this.all("ipv6setting").filter((s) => s.netns === netns && s.dev === dev);
  }

  #addresses(netns: Netns, dev: string): Address[] {
    return this.all("address").filter((a) => a.netns === netns && a.dev === dev);
  }

  /** fib_add_ifaddr(), addrconf_prefix_route(): what is down gets them when it goes up. */
  #putKernelRoutes(address: Address): void {
    const { netns, dev } = address;
    const link = netns === null ? this.get("bridge", dev) : this.get("podlink", netns, dev);
    if (link?.up !== true) return;
    const disabled = this.get("ipv6setting", netns ?? "node", dev, "disable_ipv6")?.value ?? "0";
    if (isIpv6(address.cidr) && disabled !== "0") return;
    for (const route of kernelRoutesOf(address)) if (!this.has(keyOf(route))) this.put(route);
  }

  /** addrconf_add_mroute() */
  #putGroups({ name }: Bridge): void {
    if (this.get("ipv6setting", "node", name, "disable_ipv6")?.value === "1") return;
    for (const route of gatewayRoutes(name, ["fd00::1/64"]))
      if (route.role === "multicast") this.put(route);
  }

  #kernelRoutes(netns: Netns, dev: string): KernelRoute[] {
    return this.all("kernelroute").filter((r) => r.netns === netns && r.dev === dev);
  }

  #createVeth(veth: Veth): void {
    const { name, netns, ifname } = veth;
    if (this.linkExists(name)) refuse(`link ${name} exists`);
    if (!this.netnses.has(netns)) refuse(`no namespace ${netns}`);
    if (this.has(`podlink ${netns} ${ifname}`)) refuse(`link ${ifname} exists in ${netns}`);
    this.put(veth);
    const common = { mac: `random ${name}`, mtuBytes: 1500, up: false };
    this.put({ kind: "port", name, bridge: null, hairpin: false, groupForwardMask: 0, ...common });
    this.put({ kind: "podlink", netns, name: ifname, gsoMaxBytes: 65_536, ...common });
    this.#putSettings(netns, ifname);
  }

  #deleteVeth(veth: Veth): void {
    const { name, netns, ifname } = veth;
    this.drop(veth);
    this.objects.delete(`port ${name}`);
    this.objects.delete(`podlink ${netns} ${ifname}`);
    this.drop(...this.#addresses(netns, ifname), ...this.#settings(netns, ifname));
    this.#flushRoutes(netns, ifname);
  }

  #flushRoutes(netns: string, dev: string, andIpv6 = true): void {
    const ours = [...this.all("route"), ...this.all("kernelroute")];
    const here = ours.filter((r) => r.netns === netns && r.dev === dev);
    this.drop(...here.filter((r) => andIpv6 || !isIpv6(r.dst)));
  }

  #createRoute(route: Route): void {
    const link = this.get("podlink", route.netns, route.dev) ?? refuse(`no device ${route.dev}`);
    if (!link.up) refuse(`${route.dev} is down`);
    const reaches = ({ netns, dev, cidr }: Address): boolean =>
      netns === route.netns &&
      dev === route.dev &&
      isIpv6(cidr) === isIpv6(route.dst) &&
      overlapping(cidr, route.gw ?? cidr);
    if (!this.all("address").some(reaches)) refuse(`nexthop ${route.gw} has invalid gateway`);
    this.putNew(route);
  }

  #checkRuleset({ sets, chains }: Ruleset): void {
    for (const { name, spec } of sets) if (spec === "") refuse(`set ${name} does not specify key`);
    for (const { rules } of chains)
      for (const { id, text } of rules) if (text === "") refuse(`rule ${id} is empty`);
  }

  #createElement(element: Element): void {
    const { set, key } = element;
    const sets = this.all("ruleset").flatMap((r) => (r.table === tableOfSet(set) ? r.sets : []));
    const home = sets.find(({ name }) => name === set) ?? refuse(`no set ${set}`);
    if ((home.kind === "map") !== (element.value !== null)) refuse(`${set} is a ${home.kind}`);
    const isInterval = home.spec.includes("flags interval");
    const clash = this.all("element").find(
      (e) => e.set === set && (e.key === key || (isInterval && overlapping(e.key, key))),
    );
    if (clash !== undefined) refuse(`${set}: ${key} overlaps ${clash.key}`);
    this.put(element);
  }
}
