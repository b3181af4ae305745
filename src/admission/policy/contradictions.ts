/** What contradicts itself among a pod's annotations, in CEL and in the words of src/promise. Pure. */
import {
  annotationKeys,
  kubernetesKeys,
  priorities,
  priorityKey,
} from "../../config/annotations.ts";
import { bitsPerMbps, resourceNames } from "../../config/resources.ts";
import { type Direction, directions } from "../../plan/node.ts";
import { largestBurstUs, largestSizeBytes } from "../../plan/units.ts";
import { tierMark } from "../tier-mark.ts";
import { either, firstOf, text, texts, the, type Variable, within } from "./cel.ts";
import { mbpsUp } from "./pods.ts";
import { placeOf, shown } from "./trouble.ts";

const bitsOf = (key: string): string => `${the("value")}[${placeOf(key)}]`;
const textOf = (key: string): string => `${the("text")}[${placeOf(key)}]`;
const isGiven = (key: string): string => `${the("given")}[${placeOf(key)}]`;
const target = annotationKeys.latencyTarget;
const hasTarget = `${bitsOf(target)} > 0`;

const one = (condition: string, words: readonly string[]): string =>
  either(condition, `[${words.join(" + ")}]`, "[]");

/** What the names of these variables are about. */
const guarantee = (direction: Direction): string => the(`${direction}Guarantee`);
const limit = (direction: Direction): string => the(`${direction}Limit`);
const guaranteeWords = (direction: Direction): string => the(`${direction}GuaranteeWords`);
const limitWords = (direction: Direction): string => the(`${direction}LimitWords`);

/**
 * A resource that is brought is a guarantee: the policy of guarantees writes its annotation. What the policy of tiers
 * gave is none of the pod's own.
 */
function promised(direction: Direction): Variable[] {
  const key = annotationKeys.guarantee[direction];
  const name = resourceNames[direction];
  const [own, kubernetes] = [annotationKeys.limit[direction], kubernetesKeys[direction]];
  const mbps = the(`${direction}Mbps`);
  const isTiers = `${text(tierMark[direction])} in ${the("annotations")}`;
  const brings = `!${isGiven(key)} && !(${isTiers}) && ${the("counted")} && ${mbps} >= 0`;
  const words = (of: string): string => `${text(`${of} `)} + ${shown(textOf(of))}`;
  return [
    {
      name: `${direction}Guarantee`,
      expression: either(brings, `${mbps} * ${bitsPerMbps}`, bitsOf(key)),
    },
    { name: `${direction}IsBrought`, expression: brings },
    {
      name: `${direction}GuaranteeWords`,
      expression: either(brings, `${text(`${name} `)} + string(${mbps})`, words(key)),
    },
    // The one below fairway.dev/ goes before Kubernetes' own, also where it is the larger.
    {
      name: `${direction}Limit`,
      expression: either(`${bitsOf(own)} >= 0`, bitsOf(own), bitsOf(kubernetes)),
    },
    {
      name: `${direction}LimitWords`,
      expression: either(`${bitsOf(own)} >= 0`, words(own), words(kubernetes)),
    },
  ];
}

/** A resource has whole Mbit/s: one that was rounded up from a limit is within that limit. */
const roundedLimit = (direction: Direction): string =>
  either(
    the(`${direction}IsBrought`),
    `${mbpsUp(limit(direction))} * ${bitsPerMbps}`,
    limit(direction),
  );

const aboveLimit = (direction: Direction): string =>
  one(`${limit(direction)} >= 0 && ${guarantee(direction)} > ${roundedLimit(direction)}`, [
    guaranteeWords(direction),
    "' is above the limit, '",
    limitWords(direction),
    text(". Lower the guarantee or raise the limit."),
  ]);

const limitIsGuarantee = (direction: Direction): string =>
  one(
    `${hasTarget} && ${guarantee(direction)} > 0 && ${limit(direction)} > ${guarantee(direction)}`,
    [
      limitWords(direction),
      "' is above '",
      guaranteeWords(direction),
      text(
        `, and with ${target} the limit is the guarantee. Remove the limit or make it equal to the guarantee.`,
      ),
    ],
  );

/**
 * Only a tier that the pod names may have the guarantee, or a claim. A tier that nobody named is no promise to rely on.
 */
function targetAlone(): string {
  const [tier, priority] = [text(annotationKeys.tier), text(priorityKey)];
  const annotations = the("annotations");
  const key = annotationKeys.guarantee.egress;
  const namesTier = `${tier} in ${annotations} || (${priority} in ${annotations} && ${annotations}[${priority}] in ${texts(priorities)})`;
  return one(
    `${hasTarget} && (${guarantee("egress")} == 0 || (${guarantee("egress")} < 0 && !(${namesTier}) && !${the("hasClaims")}))`,
    [
      text(
        `${target}: a latency target needs an egress guarantee. Give the annotation "${key}", or "${annotationKeys.tier}" with a tier that has one.`,
      ),
    ],
  );
}

const burstKey = (direction: Direction): string => annotationKeys.burst[direction];

/** The rate that a burst is ahead of, where no tier changes it; -1 otherwise. */
const burstRate = (direction: Direction): string =>
  either(`${hasTarget} && ${guarantee(direction)} > 0`, guarantee(direction), limit(direction));

function burstTooLong(direction: Direction): string {
  const at = placeOf(burstKey(direction));
  const value = `${the("value")}[${at}]`;
  const most = 9_000_000_000_000_000_000n;
  const bytes = either(
    `${the("isTime")}[${at}]`,
    either(`r > ${most} / ${value}`, String(most), `r * ${value} / 8000000`),
    value,
  );
  // Beyond a billion bytes per second the size alone is what limits it, and no product leaves 64 bits.
  const largest = firstOf(
    [["r / 8 > 1000000000", String(largestSizeBytes)]],
    `[${largestSizeBytes}, ${largestBurstUs} * (r / 8) / 1000000].min()`,
  );
  return within(
    "r",
    burstRate(direction),
    one(`${value} > 0 && r > 0 && ${bytes} > ${largest}`, [
      text(`${burstKey(direction)}: `),
      shown(textOf(burstKey(direction))),
      `' is more than the kernel can hold at that rate: ' + string(${largest})`,
      text(" bytes. Give a smaller burst, or a higher rate."),
    ]),
  );
}

/** A guarantee by annotation and by resource, which differ. */
function twoWords(direction: Direction): string {
  const key = annotationKeys.guarantee[direction];
  const mbps = the(`${direction}Mbps`);
  const asked = mbpsUp(bitsOf(key));
  return one(`${the("counted")} && ${mbps} >= 0 && ${bitsOf(key)} >= 0 && ${asked} != ${mbps}`, [
    text(`${key}: `),
    shown(textOf(key)),
    `' is ' + string(${asked}) + ' Mbit/s, and the containers request ' + string(${mbps})`,
    text(
      ` of ${resourceNames[direction]}. Leave out either of them, which gives the other, or make them equal.`,
    ),
  ]);
}

export function contradictionVariables(): Variable[] {
  const each = (of: (direction: Direction) => string): string => directions.map(of).join(" + ");
  return [
    ...directions.flatMap(promised),
    {
      name: "contradictions",
      expression: [
        each(twoWords),
        each(aboveLimit),
        targetAlone(),
        each(limitIsGuarantee),
        each(burstTooLong),
      ].join(" + "),
    },
  ];
}
