/** The policies that give a pod its requests: from its annotations, and from its tier. Pure. */
import {
  annotationKeys,
  kubernetesKeys,
  priorities,
  priorityKey,
} from "../../config/annotations.ts";
import { maxRateBits, minRateBits } from "../../config/quantities.ts";
import { resourceNames } from "../../config/resources.ts";
import { type Direction, directions } from "../../plan/node.ts";
import { pointer } from "../json-pointer.ts";
import { tierMark } from "../tier-mark.ts";
import { either, firstOf, list, text, texts, the, type Variable } from "./cel.ts";
import { numberVariables } from "./numbers.ts";
import { annotationsOf, broughtVariables, isCounted, isMirror, mbpsUp } from "./pods.ts";

const isAnnotated = (key: string): string => `${text(key)} in ${the("annotations")}`;
const annotated = (key: string): string =>
  either(isAnnotated(key), `string(${the("annotations")}[${text(key)}])`, "''");

/** Of the number at a place of the lists: what it says, or -1 where it is none of these. */
function rateAt(at: number, least: string): string {
  const [floor, whole] = [`${the("floor")}[${at}]`, `${the("whole")}[${at}]`];
  return firstOf(
    [
      [`!${the("wellFormed")}[${at}]`, "-1"],
      [`${the("zero")}[${at}]`, least],
      [
        `${the("negative")}[${at}] || !${whole} || ${floor} < ${minRateBits} || ${floor} > ${maxRateBits}`,
        "-1",
      ],
    ],
    floor,
  );
}
const guaranteeAt = (at: number): string => rateAt(at, "0");
const limitAt = (at: number): string => rateAt(at, "-1");

const added = (path: string, value: string): string =>
  `JSONPatch{op: 'add', path: ${text(path)}, value: ${value}}`;
const when = (condition: string, operations: readonly string[]): string =>
  either(condition, list(operations), "[]");

/** `egressRequest` and `ingressRequest` are what is to be requested in Mbit/s; 0 is nothing. */
function requesting(): string {
  const asked = (direction: Direction): string => `${the(`${direction}Request`)} > 0`;
  const place = "/spec/containers/0/resources";
  const resources = "object.spec.containers[0].resources";
  const lacks = (of: string): string => `!has(${resources}) || !has(${resources}.${of})`;
  const kinds = ["limits", "requests"];
  const missing = [
    when(`!has(${resources})`, [added(place, "Object.spec.containers.resources{}")]),
    ...kinds.map((kind) => when(lacks(kind), [added(`${place}/${kind}`, "{}")])),
  ];
  const values = directions.map((direction) =>
    when(
      asked(direction),
      kinds.map((kind) =>
        added(
          `${place}/${kind}/${pointer(resourceNames[direction])}`,
          `string(${the(`${direction}Request`)})`,
        ),
      ),
    ),
  );
  return either(directions.map(asked).join(" || "), [...missing, ...values].join(" + "), "[]");
}

interface Written {
  key: string;
  condition: string;
  value: string;
}

/** All that is written, since a pod may have no annotations at all so far. */
function annotating(all: readonly Written[]): string {
  const path = "/metadata/annotations";
  const any = all.map(({ condition }) => condition).join(" || ");
  return [
    when(`!has(object.metadata.annotations) && (${any})`, [added(path, "{}")]),
    ...all.map(({ key, condition, value }) =>
      when(condition, [added(`${path}/${pointer(key)}`, value)]),
    ),
  ].join(" + ");
}

export interface Mutating {
  matchConditions: { name: string; expression: string }[];
  variables: Variable[];
  mutation: string;
}

const matchConditions = [
  { name: "no-copy-of-a-static-pod", expression: `!(${isMirror("object")})` },
  { name: "counted-by-resources", expression: isCounted("object") },
  { name: "has-containers", expression: "object.spec.containers.size() > 0" },
];

const annotations: Variable = { name: "annotations", expression: annotationsOf("object") };

/** Annotations become requests, and requests annotations. */
export function fromAnnotations(): Mutating {
  const key = annotationKeys.guarantee;
  const numbers = numberVariables({
    count: directions.length,
    texts: list(directions.map((direction) => annotated(key[direction]))),
    areTimes: list(directions.map(() => "false")),
  });
  const requests = directions.map(
    (direction, at): Variable => ({
      name: `${direction}Request`,
      expression: either(
        `${isAnnotated(key[direction])} && ${the(`${direction}Mbps`)} == -1`,
        mbpsUp(guaranteeAt(at)),
        "0",
      ),
    }),
  );
  const written = directions.map((direction): Written => {
    const mbps = the(`${direction}Mbps`);
    return {
      key: key[direction],
      condition: `(!(${isAnnotated(key[direction])}) && !(${isAnnotated(tierMark[direction])}) && ${mbps} > 0)`,
      value: `string(${mbps}) + 'M'`,
    };
  });
  return {
    matchConditions,
    variables: [annotations, ...broughtVariables("object"), ...numbers, ...requests],
    mutation: [requesting(), annotating(written)].join(" + "),
  };
}

/** A pod's tier becomes requests, for as much of it as its own limit leaves. `params` is the class. */
export function fromTiers(): Mutating {
  const limits = directions.flatMap((direction) => [
    annotated(annotationKeys.limit[direction]),
    annotated(kubernetesKeys[direction]),
  ]);
  const ofTier = (direction: Direction): string =>
    either(
      `has(${the("tier")}.${direction}Guarantee)`,
      `string(${the("tier")}.${direction}Guarantee)`,
      "''",
    );
  const numbers = numberVariables({
    count: directions.length + limits.length,
    texts: list([...directions.map(ofTier), ...limits]),
    areTimes: list([...directions, ...limits].map(() => "false")),
  });
  const own = (at: number): string => {
    const first = directions.length + 2 * at;
    return either(`${limitAt(first)} > 0`, limitAt(first), limitAt(first + 1));
  };
  const requests = directions.flatMap((direction, at): Variable[] => [
    { name: `${direction}Guarantee`, expression: guaranteeAt(at) },
    { name: `${direction}Limit`, expression: own(at) },
    {
      name: `${direction}Request`,
      expression: either(
        `${the(`${direction}Guarantee`)} > 0 && !(${isAnnotated(annotationKeys.guarantee[direction])}) && ${the(`${direction}Mbps`)} == -1`,
        mbpsUp(
          either(
            `${the(`${direction}Limit`)} > 0 && ${the(`${direction}Limit`)} < ${the(`${direction}Guarantee`)}`,
            the(`${direction}Limit`),
            the(`${direction}Guarantee`),
          ),
        ),
        "0",
      ),
    },
  ]);
  const marks = directions.map(
    (direction): Written => ({
      key: tierMark[direction],
      condition: `${the(`${direction}Request`)} > 0`,
      value: the("tierName"),
    }),
  );
  // A pod that brings nothing of the resource wants nothing of its tier's either.
  const declined = directions.map((direction): Written => {
    const key = annotationKeys.guarantee[direction];
    return {
      key,
      condition: `(${the(`${direction}Guarantee`)} > 0 && ${the(`${direction}Mbps`)} == 0 && !(${isAnnotated(key)}))`,
      value: "'0M'",
    };
  });
  const [tierKey, priority] = [text(annotationKeys.tier), text(priorityKey)];
  const of = the("annotations");
  return {
    matchConditions,
    variables: [
      annotations,
      ...broughtVariables("object"),
      { name: "spec", expression: either("has(params.spec)", "params.spec", "{}") },
      {
        name: "tiers",
        expression: either(`has(${the("spec")}.tiers)`, `${the("spec")}.tiers`, "{}"),
      },
      {
        name: "tierName",
        expression: firstOf(
          [
            [`${tierKey} in ${of}`, `${of}[${tierKey}]`],
            [
              `${priority} in ${of} && ${of}[${priority}] in ${texts(priorities)} && ${of}[${priority}] in ${the("tiers")}`,
              `${of}[${priority}]`,
            ],
            [`has(${the("spec")}.defaultTier)`, `${the("spec")}.defaultTier`],
          ],
          "''",
        ),
      },
      {
        name: "tier",
        expression: either(
          `${the("tierName")} in ${the("tiers")}`,
          `${the("tiers")}[${the("tierName")}]`,
          "{}",
        ),
      },
      ...numbers,
      ...requests,
    ],
    mutation: [requesting(), annotating([...marks, ...declined])].join(" + "),
  };
}
