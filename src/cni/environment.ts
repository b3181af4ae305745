/**
 * Reads the environment of a verb and checks it in the specification's order: first what is missing, all of
 * it at once, then what is there and wrong (CNI SPEC 1.1.0, "Parameters"; the words are those of libcni's
 * skel).
 */
import { faultOfInterfaceName, interfaceNameForm } from "../config/paths.ts";
import { FairwayError } from "../errors.ts";
import { parseArgs, parseArgsLeniently, refuseUnknownArgs } from "./args.ts";

export type ProcessEnvironment = Record<string, string | undefined>;

export interface PodEnvironment {
  verb: "ADD" | "CHECK" | "DEL";
  containerId: string;
  /** A path; it is "" for a DEL whose namespace is gone. */
  netns: string;
  ifname: string;
  /** The pairs of CNI_ARGS. */
  args: Record<string, string>;
  /** The folders of CNI_PATH. There are none where it is absent: only a delegate needs it. */
  path: string[];
  /** CNI_NETNS_OVERRIDE says that the pod's namespace may be our own. */
  netnsOverride: boolean;
}

export interface NodeEnvironment {
  verb: "GC" | "STATUS";
  path: string[];
}

interface VersionEnvironment {
  verb: "VERSION";
}

export type Environment = PodEnvironment | NodeEnvironment | VersionEnvironment;
export type Verb = Environment["verb"];

const verbs: readonly Verb[] = ["ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"];

/** The variables are in the order in which missing ones are named. */
const required: Record<Verb, string[]> = {
  ADD: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
  CHECK: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
  DEL: ["CNI_CONTAINERID", "CNI_IFNAME"],
  GC: [],
  STATUS: [],
  VERSION: [],
};

const containerIdPattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
/** A path stands in lines of ip, which splits them at these characters. */
const isNetnsPath = (text: string): boolean => /^\/[^\s"'#\\\p{C}]*$/u.test(text);
/** Nearly all paths match this, without the table that the other pattern takes time to build. */
const plainNetns = /^\/[A-Za-z0-9_./-]*$/;

/** Throws badEnvironment. */
export function readEnvironment(env: ProcessEnvironment): Environment {
  const command = env.CNI_COMMAND ?? "";
  if (command === "") throw missing(["CNI_COMMAND"]);
  const verb = verbs.find((known) => known === command);
  if (verb === undefined) {
    throw new FairwayError(
      "badEnvironment",
      `unknown CNI_COMMAND: ${command}`,
      `known are ${verbs.join(", ")}`,
    );
  }
  const absent = required[verb].filter((name) => (env[name] ?? "") === "");
  if (absent.length > 0) throw missing(absent);
  switch (verb) {
    case "VERSION":
      return { verb };
    case "GC":
    case "STATUS":
      return { verb, path: pathOf(env) };
    default:
      return podEnvironment(verb, env);
  }
}

function podEnvironment(verb: PodEnvironment["verb"], env: ProcessEnvironment): PodEnvironment {
  const containerId = env.CNI_CONTAINERID ?? "";
  const ifname = env.CNI_IFNAME ?? "";
  checkContainerId(containerId);
  checkIfname(ifname);
  if (verb !== "DEL") checkNetns(env.CNI_NETNS ?? "");
  return {
    verb,
    containerId,
    netns: env.CNI_NETNS ?? "",
    ifname,
    args: argsOf(verb, env.CNI_ARGS ?? ""),
    path: pathOf(env),
    netnsOverride: overrideOf(env.CNI_NETNS_OVERRIDE ?? ""),
  };
}

function missing(names: string[]): FairwayError {
  return new FairwayError(
    "badEnvironment",
    `required env variables [${names.join(",")}] missing`,
    "a container runtime sets them; an operator runs fairway without CNI_COMMAND",
  );
}

export function isContainerId(value: unknown): value is string {
  return typeof value === "string" && containerIdPattern.test(value);
}

export function isIfname(value: unknown): value is string {
  return typeof value === "string" && faultOfInterfaceName(value) === null;
}

function checkContainerId(containerId: string): void {
  if (isContainerId(containerId)) return;
  throw new FairwayError(
    "badEnvironment",
    `CNI_CONTAINERID ${JSON.stringify(containerId)} has characters that a container id may not have`,
    `it must match ${containerIdPattern.source}`,
  );
}

function checkIfname(ifname: string): void {
  const why = faultOfInterfaceName(ifname);
  if (why === null) return;
  throw new FairwayError(
    "badEnvironment",
    `CNI_IFNAME ${JSON.stringify(ifname)} is no interface name: ${why}`,
    interfaceNameForm,
  );
}

/** A DEL does not need it. */
function checkNetns(netns: string): void {
  if (plainNetns.test(netns) || isNetnsPath(netns)) return;
  throw new FairwayError(
    "badEnvironment",
    `CNI_NETNS ${JSON.stringify(netns)} is no path that can be used`,
    'an absolute path without white space, quotes, "#" and backslashes, such as /run/netns/NAME',
  );
}

function argsOf(verb: PodEnvironment["verb"], text: string): Record<string, string> {
  if (verb === "DEL") return parseArgsLeniently(text);
  const args = parseArgs(text);
  if (verb === "ADD") refuseUnknownArgs(args);
  return args;
}

/**
 * Splits as filepath.SplitList does, which is the counterpart of how libcni joins: empty pieces name no
 * folder.
 */
function pathOf(env: ProcessEnvironment): string[] {
  return (env.CNI_PATH ?? "").split(":").filter((folder) => folder !== "");
}

/** libcni's skel takes "1" and "TRUE" in any letter case for yes and all else for no. */
function overrideOf(text: string): boolean {
  return text === "1" || text.toUpperCase() === "TRUE";
}
