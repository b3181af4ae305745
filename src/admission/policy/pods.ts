/** What of a pod, or of a template of one, the policies read: annotations, and what its containers bring. Pure. */
import { mirrorKey } from "../../config/annotations.ts";
import { maxRateBits } from "../../config/quantities.ts";
import { bitsPerMbps, resourceNames } from "../../config/resources.ts";
import { type Direction, directions } from "../../plan/node.ts";
import { either, text, the, type Variable, within } from "./cel.ts";

/** Bits per second as whole Mbit/s, rounded up. */
export const mbpsUp = (bits: string): string => `(${bits} + ${bitsPerMbps - 1}) / ${bitsPerMbps}`;

/** The field of an object, or something empty in its place. Each object on the way may be absent. */
function field(from: string, path: readonly string[], or: string): string {
  const all = path.map((_, at) => `has(${[from, ...path.slice(0, at + 1)].join(".")})`);
  return either(all.join(" && "), [from, ...path].join("."), or);
}

export const annotationsOf = (pod: string): string => field(pod, ["metadata", "annotations"], "{}");

const containersOf = (pod: string): string => field(pod, ["spec", "containers"], "[]");

const initContainersOf = (pod: string): string => field(pod, ["spec", "initContainers"], "[]");

export const isMirror = (pod: string): string => `${text(mirrorKey)} in ${annotationsOf(pod)}`;

/** What claims give it is known on its node alone: they may be of bandwidth, and of anything else. */
export const hasClaims = (pod: string): string =>
  `${field(pod, ["spec", "resourceClaims"], "[]")}.size() > 0`;

/** Its network is its own, and the scheduler counts no claims for it. */
export const isCounted = (pod: string): string =>
  `!(${field(pod, ["spec", "hostNetwork"], "false")}) && !(${hasClaims(pod)})`;

/** What a container requests, as it is written; '' is nothing. Limits alone are requests, too. */
function requestOf(container: string, direction: Direction): string {
  const name = text(resourceNames[direction]);
  const kind = (of: string): string =>
    `has(${container}.resources.${of}) && ${name} in ${container}.resources.${of}`;
  const value = (of: string): string => `string(${container}.resources.${of}[${name}])`;
  return either(
    `has(${container}.resources)`,
    either(kind("requests"), value("requests"), either(kind("limits"), value("limits"), "''")),
    "''",
  );
}

/** The texts of all containers, in one list. */
export const requestsOf = (pod: string, direction: Direction): string =>
  `(${containersOf(pod)}.map(c, ${requestOf("c", direction)}) + ${initContainersOf(pod)}.map(c, ${requestOf("c", direction)}))`;

const amount = (container: string, direction: Direction): string =>
  within("t", requestOf(container, direction), "t == '' ? 0 : quantity(t).asInteger()");

/** As the scheduler counts: src/config/pod-request.ts has the same in code. */
function counted(direction: Direction): string {
  const inits = the("initContainers");
  const sum = (from: string): string => `${from}.map(c, ${amount("c", direction)}).sum()`;
  const before = `${inits}.filter(s, has(s.restartPolicy) && s.restartPolicy == 'Always' && ${the("initNames")}.indexOf(s.name) < ${the("initNames")}.indexOf(i.name)).map(s, ${amount("s", direction)}).sum()`;
  const running = `${sum(the("containers"))} + ${sum(`${inits}.filter(c, has(c.restartPolicy) && c.restartPolicy == 'Always')`)}`;
  return `([${running}] + ${inits}.map(i, ${amount("i", direction)} + ${before})).max()`;
}

/**
 * For each direction, `egressMbps`: what the containers bring, -1 where none does, and -2 where that is no number that
 * can be counted: then the API server refuses the pod by itself.
 */
export function broughtVariables(pod: string): Variable[] {
  return [
    { name: "containers", expression: containersOf(pod) },
    { name: "initContainers", expression: initContainersOf(pod) },
    { name: "initNames", expression: `${the("initContainers")}.map(c, c.name)` },
    ...directions.flatMap((direction): Variable[] => {
      const requests = the(`${direction}Requests`);
      const isNumber = `isQuantity(t) && quantity(t).isInteger() && quantity(t).asInteger() >= 0 && quantity(t).asInteger() <= ${maxRateBits}`;
      return [
        { name: `${direction}Requests`, expression: requestsOf(pod, direction) },
        {
          name: `${direction}Mbps`,
          expression: either(
            `${requests}.all(t, t == '')`,
            "-1",
            either(`${requests}.all(t, t == '' || (${isNumber}))`, counted(direction), "-2"),
          ),
        },
      ];
    }),
  ];
}
