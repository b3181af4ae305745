/** What a verb has to know of a configuration before all else: its network's name and its version. */
import { FairwayError } from "../errors.ts";
import { isObject, type JsonObject } from "./section.ts";
import { type CniVersion, cniVersions } from "./types.ts";

/** @throws FairwayError decode where it is not a JSON object. */
export function configObject(raw: unknown): JsonObject {
  if (isObject(raw)) return raw;
  throw new FairwayError(
    "decode",
    "the network configuration is not a JSON object",
    "The runtime hands it to a plugin on stdin; a command takes it from --config FILE.",
  );
}

// This is the pattern of libcni's pkg/utils.ValidateNetworkName.
const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** @throws FairwayError badConfig. */
export function parseName({ name }: JsonObject): string {
  if (name === undefined || name === "") {
    throw new FairwayError("badConfig", "name: missing network name", "Name the conflist.");
  }
  if (typeof name === "string" && namePattern.test(name)) return name;
  throw new FairwayError(
    "badConfig",
    `name: invalid network name ${JSON.stringify(name)}`,
    "It has letters, digits, '_', '.' and '-', and begins with a letter or a digit.",
  );
}

/** The specification says that a configuration without a version is of the first one. */
const impliedVersion = "0.1.0";

function isSupported(version: unknown): version is CniVersion {
  return (cniVersions as readonly unknown[]).includes(version);
}

/**
 * The match is exact; the words are those of libcni's skel.
 * @throws FairwayError incompatibleVersion.
 */
export function parseVersion({ cniVersion = impliedVersion }: JsonObject): CniVersion {
  const version = cniVersion === "" ? impliedVersion : cniVersion;
  if (isSupported(version)) return version;
  const supported = cniVersions.map((each) => JSON.stringify(each)).join(" ");
  throw new FairwayError(
    "incompatibleVersion",
    "incompatible CNI versions",
    `config is ${JSON.stringify(version)}, plugin supports [${supported}]`,
  );
}
