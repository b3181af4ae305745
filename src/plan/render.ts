/**
 * Steps as lines of `ip`, `tc`, `nft` and `sysctl`. `explain` prints them, and the batches are made of them.
 * Every name in a line was validated where it came in: none holds a space or a quote.
 */
import type { Step } from "./diff.ts";
import type { Act, Line, Netns } from "./kinds/kind.ts";
import { type DoesOf, kindOf, type ObjectKind } from "./kinds/registry.ts";

export function actsOf(step: Step): Act<DoesOf<ObjectKind>>[] {
  const object = step.op === "delete" ? step.have : step.want;
  return kindOf(object).acts(step.op, object, step.have);
}

export const linesOf = (step: Step): Line[] => actsOf(step).map(({ line }) => line);

const netnsFolders = ["/run/netns/", "/var/run/netns/"];

/**
 * The name of a namespace below /run/netns, which `ip` knows. For any other path it is null, and nsenter is
 * used, which accepts every path.
 */
function netnsName(netns: string): string | null {
  const folder = netnsFolders.find((f) => netns.startsWith(f));
  const name = folder === undefined ? "" : netns.slice(folder.length);
  return /^[\w.-]+$/.test(name) ? name : null;
}

function ipIn(netns: Netns): string {
  if (netns === null) return "ip";
  const name = netnsName(netns);
  return name === null ? `nsenter --net=${netns} ip` : `ip -n ${name}`;
}

function sysctlIn(netns: Netns): string {
  if (netns === null) return "sysctl -w";
  const name = netnsName(netns);
  return `${name === null ? `nsenter --net=${netns}` : `ip netns exec ${name}`} sysctl -w`;
}

/** A line as a person would type it into a shell. */
export function shellLine({ tool, netns, text }: Line): string {
  switch (tool) {
    case "ip":
      return `${ipIn(netns)} ${text}`;
    case "tc":
      return `tc ${text}`;
    case "sysctl":
      return `${sysctlIn(netns)} ${text}`;
    case "nft":
      return `nft -f - <<'EOF'\n${text}\nEOF`;
  }
}
