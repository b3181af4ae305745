/** Reads what a runtime asks: its environment and the configuration on stdin, whose form is checked. */
import { type CniVersion, cniVersions } from "../config/types.ts";
import { FairwayError, orFail } from "../errors.ts";
import {
  type NodeEnvironment,
  type PodEnvironment,
  type ProcessEnvironment,
  readEnvironment,
  type Verb,
} from "./environment.ts";
import { duplicateKey, isDeeperThan } from "./json-text.ts";

/** A JSON object that was not looked into yet. */
export type RawConfig = Record<string, unknown>;

/** `stdin` is the configuration as it came, for a delegate. */
export type PodRequest = PodEnvironment & { config: RawConfig; stdin: string };
export type NodeRequest = NodeEnvironment & { config: RawConfig; stdin: string };
/** VERSION needs nothing; it is answered in the version that it names. */
interface VersionRequest {
  verb: "VERSION";
  cniVersion: string;
}
export type Request = PodRequest | NodeRequest | VersionRequest;

export function aboutPod(request: Request): PodRequest {
  if ("netns" in request) return request;
  throw new RangeError(`${request.verb} is about no pod`);
}

const newestCniVersion = cniVersions[cniVersions.length - 1] ?? cniVersions[0];

/**
 * No configuration comes near this depth. The limit keeps it safe that everything after this walks by
 * recursion (the runtime's JSON.parse itself knows no limit).
 */
const maxDepth = 1000;

/** Throws badEnvironment, then decode. */
export function readRequest(env: ProcessEnvironment, stdinText: string): Request {
  const environment = readEnvironment(env);
  if (environment.verb === "VERSION") {
    return { verb: "VERSION", cniVersion: versionAsked(stdinText) };
  }
  const config = parseConfig(stdinText);
  refuseDuplicates(environment.verb, stdinText);
  return { ...environment, config, stdin: stdinText };
}

/** The keys that DEL looks at: it has to succeed with all else that an ADD would refuse. */
const keysOfDel: readonly string[] = [
  "cniVersion",
  "name",
  "dataDir",
  "ipam",
  "ipam.type",
  "ipam.dataDir",
];

function refuseDuplicates(verb: Verb, text: string): void {
  const duplicate = duplicateKey(text, (key) => verb !== "DEL" || keysOfDel.includes(key));
  if (duplicate === null) return;
  throw new FairwayError(
    "decode",
    `${duplicate} is given twice in the configuration on stdin`,
    "give each key once: which of its values is meant cannot be told",
  );
}

/** A version that has the form of one, known here or not: MAJOR.MINOR.PATCH, as in the specification. */
const versionPattern = /^\d{1,5}\.\d{1,5}\.\d{1,5}$/;

/** The version that VERSION has to repeat; the newest where stdin names none. Never throws. */
function versionAsked(stdinText: string): string {
  try {
    const asked = parseConfig(stdinText).cniVersion;
    return typeof asked === "string" && versionPattern.test(asked) ? asked : newestCniVersion;
  } catch {
    return newestCniVersion;
  }
}

/**
 * The version in which to answer when the request itself may be at fault: the configuration's if it
 * can be read and we know it, else the newest. Never throws.
 */
export function answerVersion(stdinText: string): CniVersion {
  try {
    const asked = parseConfig(stdinText).cniVersion;
    return cniVersions.find((known) => known === asked) ?? newestCniVersion;
  } catch {
    return newestCniVersion;
  }
}

/** Throws decode. */
function parsedConfig(text: string): RawConfig {
  if (text.trim() === "") {
    throw new FairwayError(
      "decode",
      "no configuration on stdin",
      "a container runtime pipes the network configuration in",
    );
  }
  const config = parseJson(text);
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new FairwayError(
      "decode",
      `the configuration on stdin is ${kindOf(config)}, not a JSON object`,
      'a plugin configuration looks like {"cniVersion": "1.0.0", "name": ..., "type": "fairway", ...}',
    );
  }
  if (isDeeperThan(text, maxDepth)) {
    throw new FairwayError(
      "decode",
      `the configuration on stdin is nested more than ${maxDepth} deep`,
      "remove what is not configuration",
    );
  }
  return config as RawConfig;
}

/** A process that serves verbs is asked twice for the same: what is in the way of a verb, and the verb. */
let lastParsed: { text: string; config: RawConfig } | null = null;

/** Nobody changes what is returned. Throws decode. */
export function parseConfig(text: string): RawConfig {
  if (lastParsed?.text !== text) lastParsed = { text, config: parsedConfig(text) };
  return lastParsed.config;
}

const parseJson = (text: string): unknown =>
  orFail(
    "decode",
    "the configuration on stdin is not JSON",
    "check it with a JSON validator",
    (): unknown => JSON.parse(text),
  );

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}
