/** Chained mode has no `ipam`, because the interface and its addresses are another plugin's. */
import { annotationKeys } from "./annotations.ts";
import { Problems } from "./problems.ts";
import { isObject, type JsonObject, type Section } from "./section.ts";

export const isChainedConfig = (raw: JsonObject): boolean => raw.ipam === undefined;

/** Keys that say what the pods' interfaces are like. */
const interfaceKeys = ["bridge", "mtu", "ipMasqExcept", "dns"] as const;
/** Keys of the same kind, which count only where they ask for something. */
const interfaceFlags = ["ipMasq", "antiSpoof"] as const;
/** Capabilities that only the plugin that makes the interface can act on. */
const interfaceCapabilities = ["ips", "mac", "ipRanges"] as const;

const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === "" ||
  (Array.isArray(value) && value.length === 0);

/** Refuses what belongs to the plugin that makes the pods' interfaces. */
export function checkChained(root: Section): void {
  const { problems } = root;
  const found = [
    ...interfaceKeys.filter((key) => root.has(key)),
    ...interfaceFlags.filter((key) => root.flag(key) === true),
  ];
  for (const key of found)
    problems.add(
      key,
      "is about the pods' interfaces, which are another plugin's where there is no ipam",
      `Give ipam to have Fairway make them, or remove ${key} and set it in the plugin that does.`,
    );
  const runtime = root.object("runtimeConfig") ?? {};
  for (const key of interfaceCapabilities.filter((each) => !isEmpty(runtime[each])))
    problems.add(
      `runtimeConfig.${key}`,
      "is for the plugin that makes the pods' interfaces",
      `Remove ${key} from Fairway's capabilities; the other plugin has it in its own.`,
    );
}

/** @throws FairwayError badConfig: the address is another plugin's to give. */
export function refuseAddressAsk(annotations: Record<string, string>): void {
  const problems = new Problems();
  for (const key of [annotationKeys.ip, annotationKeys.ipPool])
    if (isObject(annotations) && Object.hasOwn(annotations, key))
      problems.add(
        key,
        "the addresses of this network are given by the plugin before Fairway",
        "Remove the annotation, or ask that plugin in its own way.",
      );
  problems.throwIfAny();
}
