/** Writes drift for a person in the narrow form: pods for the ids of classes, Mbit/s for numbers of the kernel. Pure. */
import { mbitWords } from "../../measure/words.ts";
import { nameOfPod } from "./class-rows.ts";
import type { NodeStatus } from "./model.ts";

/** What src/plan says of a class, or of the queue below it: whose it is, where it is, and what is wrong with it. */
const ofClass = /^(qdisc of )?class (?<id>\S+) on (?<dev>[^\s:]+):? (?<rest>.*)$/;
const difference = /(\w+) is .*?, should be [^,]*/g;
const rate = /^(rate|ceil)Bytes is (\d+), should be (\d+)$/;

const mbit = (bytesPerSecond: string | undefined): string => mbitWords(Number(bytesPerSecond) * 8);

function rateWords(text: string): string[] {
  const [, name, have, want] = rate.exec(text) ?? [];
  return name === undefined
    ? []
    : [`${name} is ${mbit(have)} Mbit/s, should be ${mbit(want)} Mbit/s`];
}

/** What differs, without the kernel's numbers. "is missing" and the like stay. */
function restWords(rest: string): string {
  const found = rest.match(difference) ?? [];
  if (found.length === 0) return rest;
  const rates = found.flatMap(rateWords);
  const others = found.length - rates.length;
  const settings = others === 1 ? "1 setting differs" : `${others} settings differ`;
  return [...rates, ...(others === 0 ? [] : [`${settings} (--wide)`])].join("; ");
}

function lineWords(line: string, { trees, pods }: Pick<NodeStatus, "trees" | "pods">): string {
  const match = ofClass.exec(line);
  const { id, dev, rest = "" } = match?.groups ?? {};
  const tree = trees.find((each) => each.dev === dev);
  const pod = pods.find(({ classid }) => classid === id);
  if (match === null || tree === undefined || pod === undefined) return line;
  const what = match[1] === undefined ? "the class" : "the queue of the class";
  return `${nameOfPod(pod)} ${tree.direction}: ${what}${rest.startsWith("is ") ? " " : ": "}${restWords(rest)}`;
}

/** Each line of the status's drift. What is of no pod stays as it is. */
export const driftWords = (status: NodeStatus): string[] =>
  status.drift.map((line) => lineWords(line, status));
