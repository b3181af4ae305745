/** What to say of a key that the schema does not know: another plugin's, misplaced, or misspelt. */
import { type Schema, schema } from "./schema.ts";
import { suggestion } from "./suggest.ts";

const gatewayHint =
  'The bridge always holds the gateway; for a default route add {"dst": "0.0.0.0/0"} (or "::/0") to ipam.routes.';
const limitHint =
  "A limit is egressLimit or ingressLimit of a tier, or the pod's annotation kubernetes.io/egress-bandwidth or kubernetes.io/ingress-bandwidth.";

/** Keys of the plugins that Fairway stands in for, which people bring along. */
const otherPlugins: Record<string, string> = {
  isGateway: gatewayHint,
  isDefaultGateway: gatewayHint,
  forceAddress: "Remove it: Fairway gives the bridge the gateway's address.",
  hairpinMode: "Remove it: a pod can always reach itself through a service.",
  promiscMode: "Remove it: Fairway uses hairpin mode.",
  ingressRate: limitHint,
  egressRate: limitHint,
};

interface Place {
  /** The place with indexes and names left open: "tiers.*", "ipam.routes[]". */
  pattern: string;
  node: Schema;
}

function step({ pattern, node }: Place, segment: string): Place | null {
  if (node.items !== undefined) return { pattern: `${pattern}[]`, node: node.items };
  const prefix = pattern === "" ? "" : `${pattern}.`;
  const known = node.properties ?? {};
  const child = Object.hasOwn(known, segment) ? known[segment] : undefined;
  if (child !== undefined) return { pattern: `${prefix}${segment}`, node: child };
  return typeof node.additionalProperties === "object"
    ? { pattern: `${prefix}*`, node: node.additionalProperties }
    : null;
}

/** The schema's node for a place in a configuration. */
function placeOf(segments: readonly string[]): Place | null {
  return segments.reduce<Place | null>(
    (place, segment) => (place === null ? null : step(place, segment)),
    { pattern: "", node: schema },
  );
}

/** Every object of the schema, by its pattern. */
function objects(place: Place): Place[] {
  const { node } = place;
  const segments = node.items !== undefined ? ["0"] : Object.keys(node.properties ?? {});
  const names = typeof node.additionalProperties === "object" ? [...segments, "NAME"] : segments;
  const inner = names.flatMap((name) => {
    const next = step(place, name);
    return next === null ? [] : objects(next);
  });
  return node.properties === undefined ? inner : [place, ...inner];
}

function homesOf(key: string): string[] {
  return objects({ pattern: "", node: schema })
    .filter(({ node }) => Object.hasOwn(node.properties ?? {}, key))
    .map(({ pattern }) => pattern.replace("*", "NAME"));
}

export interface UnknownKey {
  problem: string;
  advice: string;
}

export function unknownKey(segments: readonly string[], key: string): UnknownKey {
  const place = placeOf(segments);
  const problem = "unknown key";
  const hint = Object.hasOwn(otherPlugins, key) ? otherPlugins[key] : undefined;
  if (hint !== undefined) return { problem, advice: hint };
  const homes = homesOf(key);
  if (homes.length > 0) {
    const places = homes.map((home) => (home === "" ? "at the top of the plugin" : `in "${home}"`));
    return { problem, advice: `"${key}" belongs ${places.join(" or ")}.` };
  }
  return { problem, advice: suggestion(key, Object.keys(place?.node.properties ?? {})) };
}
