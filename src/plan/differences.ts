/** What differs between an object that is wanted and one that is there. */
import { ipv4BytesOf } from "./gso.ts";
import { fqCodelDifferences } from "./leaf-queue.ts";
import { surplusChains } from "./ruleset.ts";
import type { KernelObject, Qdisc, Ruleset } from "./state.ts";
import { sameTicks } from "./units.ts";
import { changesOf, type HasUsual } from "./usual.ts";

const shown = (value: unknown): string => (value === null ? "none" : String(value));

const shownFlag = ({ isDormant }: Ruleset): string | null => (isDormant ? "dormant" : null);

/**
 * The differences in words. The list is empty when there are none. Fields that are absent were not asked for.
 */
export function differences(want: KernelObject, have: KernelObject): string[] {
  const found: string[] = [];
  const note = (name: string, a: unknown, b: unknown): void => {
    if (a !== b) found.push(`${name} is ${shown(b)}, should be ${shown(a)}`);
  };
  const ticks = (name: string, a: number, b: number): void => {
    if (!sameTicks(a, b)) found.push(`${name} is ${b} ticks, should be ${a}`);
  };
  const fields = <T extends object>(a: T, b: T, listed: (keyof T & string)[]): void => {
    for (const name of listed) note(name, a[name], b[name]);
  };
  const settings = <T extends { kind: HasUsual; unusual?: string }>(a: T, b: T): void => {
    if (a.unusual === undefined) return;
    for (const { name, is, should } of changesOf(a.kind, a.unusual, b.unusual))
      note(name, should, is);
  };
  if (want.kind !== have.kind) throw new TypeError(`${want.kind} compared with ${have.kind}`);
  switch (want.kind) {
    case "sysctl":
      fields(want, have as typeof want, ["value"]);
      break;
    case "bridge":
      fields(want, have as typeof want, ["mac", "mtuBytes", "up"]);
      settings(want, have as typeof want);
      break;
    case "hostlink":
      fields(want, have as typeof want, ["gsoMaxBytes"]);
      if (want.gsoIpv4MaxBytes !== undefined)
        note("gsoIpv4MaxBytes", want.gsoIpv4MaxBytes, ipv4BytesOf(have as typeof want));
      break;
    case "ifb":
      fields(want, have as typeof want, ["up"]);
      break;
    case "redirect":
      fields(want, have as typeof want, ["to"]);
      break;
    case "veth":
      fields(want, have as typeof want, ["netns", "ifname"]);
      break;
    case "port":
      fields(want, have as typeof want, [
        "mac",
        "mtuBytes",
        "bridge",
        "hairpin",
        "groupForwardMask",
        "up",
      ]);
      settings(want, have as typeof want);
      break;
    case "podlink":
      fields(want, have as typeof want, ["mac", "mtuBytes", "gsoMaxBytes", "up"]);
      settings(want, have as typeof want);
      break;
    case "route":
      fields(want, have as typeof want, ["dev", "gw", "scope", "mtuBytes", "advmssBytes"]);
      break;
    case "kernelroute": {
      const b = have as typeof want;
      fields(want, b, ["type", "dev", "gw"]);
      // Without a source the kernel takes the first address of the device, which is the same one.
      if (b.source !== null) fields(want, b, ["source"]);
      break;
    }
    case "ipv6setting":
      fields(want, have as typeof want, ["value"]);
      break;
    case "element":
      fields(want, have as typeof want, ["value"]);
      break;
    case "address":
    case "announcement":
      break;
    case "class": {
      const b = have as typeof want;
      fields(want, b, ["parent", "rateBytes", "ceilBytes", "quantumBytes", "prio"]);
      ticks("burst", want.burstTicks, b.burstTicks);
      ticks("cburst", want.cburstTicks, b.cburstTicks);
      break;
    }
    case "qdisc":
      found.push(...qdiscDifferences(want, have as typeof want));
      break;
    case "ruleset": {
      const b = have as typeof want;
      note("flag", shownFlag(want), shownFlag(b));
      // The order and other sets do not matter: a set that was made again is listed last, and somebody else's
      // set does no harm.
      for (const { kind, name } of want.sets)
        if (!b.sets.some((s) => s.name === name)) found.push(`${kind} ${name} is missing`);
      for (const chain of want.chains) {
        const there = b.chains.find((c) => c.name === chain.name);
        if (there === undefined) {
          found.push(`chain ${chain.name} is missing`);
          continue;
        }
        fields(chain, there, ["type", "hook", "priority"]);
        note(`policy of chain ${chain.name}`, "accept", there.policy ?? "accept");
        note(
          `rules of chain ${chain.name}`,
          chain.rules.map((r) => r.id).join(", "),
          there.rules.map((r) => r.id).join(", "),
        );
      }
      for (const { name } of surplusChains(want, b))
        found.push(`chain ${name} should not be there`);
      break;
    }
  }
  return found;
}

function qdiscDifferences(want: Qdisc, have: Qdisc): string[] {
  const a = want.spec;
  const b = have.spec;
  const found: string[] = [];
  if (a.type !== b.type) {
    const name = b.type === "default" || b.type === "foreign" ? b.name : b.type;
    return [`is ${name}, should be ${a.type}`];
  }
  if (want.handle !== have.handle) found.push(`handle is ${have.handle}, should be ${want.handle}`);
  if (a.type === "tbf" && b.type === "tbf") {
    if (a.rateBytes !== b.rateBytes)
      found.push(`rate is ${b.rateBytes} B/s, should be ${a.rateBytes}`);
    if (!sameTicks(a.burstTicks, b.burstTicks))
      found.push(`burst is ${b.burstTicks} ticks, should be ${a.burstTicks}`);
  }
  if (a.type === "htb" && b.type === "htb" && a.defaultMinor !== b.defaultMinor)
    found.push(`default class is ${b.defaultMinor}, should be ${a.defaultMinor}`);
  if (a.type === "bfifo" && b.type === "bfifo" && a.limitBytes !== b.limitBytes)
    found.push(`limit is ${b.limitBytes} bytes, should be ${a.limitBytes}`);
  if (a.type === "fq_codel" && b.type === "fq_codel") found.push(...fqCodelDifferences(a, b));
  return found;
}
