/**
 * The configuration of an IPAM plugin. What stands around `ipam` belongs to the other plugin, which called
 * us, and is not judged. Only the network's name, the version, and what the runtime says of addresses are
 * read.
 */
import { type AddressRuntime, parseAddressRuntime } from "./capabilities.ts";
import { defaults } from "./defaults.ts";
import { configObject, parseName, parseVersion } from "./identity.ts";
import { parseIpam } from "./ipam.ts";
import { isAbsolutePath, parsePath } from "./paths.ts";
import { Problems } from "./problems.ts";
import { checkSchema } from "./schema-errors.ts";
import { isObject, type JsonObject, Section } from "./section.ts";
import type { CniVersion, IpamConfig } from "./types.ts";

/** What DEL and GC need, of a configuration that may not be fit for ADD. */
export interface IpamCleanupConfig {
  cniVersion: CniVersion;
  name: string;
  /**
   * `ipam.dataDir` says where the addresses are recorded, as with host-local. There is one ledger for all of
   * a node's networks.
   */
  dataDir: string;
}

export interface IpamPluginConfig extends IpamCleanupConfig {
  ipam: IpamConfig;
  runtime: AddressRuntime;
}

/** The keys of `ipam` that mean something only here. */
const pluginKeys: readonly string[] = ["type", "dataDir"];

function checkPluginKeys(ipam: Section): void {
  for (const key of pluginKeys)
    if (ipam.has(key) && ipam.text(key) === undefined)
      ipam.problems.add(
        ipam.key(key),
        `has to be a string, found ${JSON.stringify(ipam.get(key))}`,
      );
}

/** @throws FairwayError decode (not an object), incompatibleVersion, badConfig. */
export function parseIpamPluginConfig(raw: unknown): IpamPluginConfig {
  const object = configObject(raw);
  const name = parseName(object);
  const cniVersion = parseVersion(object);
  const problems = new Problems();
  if (!isObject(object.ipam)) {
    problems.add("ipam", "has to be an object", 'As in {"type": "fairway-ipam", "subnet": ...}.');
    problems.throwIfAny();
  }
  const root = new Section(object, "", problems);
  const ipam = root.section("ipam");
  checkPluginKeys(ipam);
  const judged = Object.fromEntries(
    Object.entries(ipam.value).filter(([key]) => !pluginKeys.includes(key)),
  );
  checkSchema({ ipam: judged }, problems);
  const runtime = parseAddressRuntime(root);
  const parsed = parseIpam(root, runtime.ipRanges);
  const dataDir = ipam.parse("dataDir", parsePath) ?? defaults.dataDir;
  problems.throwIfAny();
  return { cniVersion, name, dataDir, ipam: parsed, runtime };
}

function dataDirOf({ ipam }: JsonObject): string {
  const dir = isObject(ipam) ? ipam.dataDir : undefined;
  return typeof dir === "string" && isAbsolutePath(dir) ? dir : defaults.dataDir;
}

/** @throws FairwayError decode, badConfig (the name), incompatibleVersion. */
export function parseIpamCleanupConfig(raw: unknown): IpamCleanupConfig {
  const object = configObject(raw);
  const name = parseName(object);
  return { cniVersion: parseVersion(object), name, dataDir: dataDirOf(object) };
}
