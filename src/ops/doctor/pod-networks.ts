/** Says where pods' packets pass, for each network whose interfaces are Fairway's. */
import { formatCidr } from "../../config/addresses.ts";
import type { Patient } from "./finding.ts";

export interface PodNetwork {
  bridge: string;
  /** It is "" where none is named and none was found yet. */
  uplink: string;
  subnets: readonly string[];
}

/** Where Fairway is chained, the bridge is another plugin's, and so is what its packets meet. */
export function podNetworksOf({ ledger, configs }: Patient): PodNetwork[] {
  return configs
    .filter(({ chained }) => !chained)
    .map(({ name, bridge, uplink, ipam }) => {
      const recorded = ledger?.network(name)?.base;
      const given = ipam.sets.flat().map(({ subnet }) => formatCidr(subnet));
      return {
        bridge,
        uplink: recorded?.trees.uplink ?? uplink.name ?? "",
        subnets: [...new Set([...given, ...(recorded?.subnets ?? [])])],
      };
    });
}
