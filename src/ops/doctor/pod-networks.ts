/** Says where pods' packets pass, for each network whose interfaces are Fairway's. */
import { formatCidr } from "../../config/addresses.ts";
import type { NetworkConfig } from "../../config/types.ts";
import type { Patient } from "./finding.ts";

export interface PodNetwork {
  bridge: string;
  /** It is "" where none is named and none was found yet. */
  uplink: string;
  subnets: readonly string[];
}

/**
 * The subnets are as configured. A network whose addresses another IPAM plugin gives has those that were
 * recorded.
 */
export function subnetsOf({ name, ipam }: NetworkConfig, { ledger }: Patient): string[] {
  const recorded = ledger?.network(name)?.base.subnets ?? [];
  const given = ipam.sets.flat().map(({ subnet }) => formatCidr(subnet));
  return [...new Set([...given, ...recorded])];
}

/** Where Fairway is chained, the bridge is another plugin's, and so is what its packets meet. */
export function podNetworksOf(patient: Patient): PodNetwork[] {
  return patient.configs
    .filter(({ chained }) => !chained)
    .map((config) => ({
      bridge: config.bridge,
      uplink: patient.ledger?.network(config.name)?.base.trees.uplink ?? config.uplink.name ?? "",
      subnets: subnetsOf(config, patient),
    }));
}
