/** What `install` is asked for, and what is wrong with it whatever the node is like. */
import { join } from "node:path";
import type { ChainWay } from "../../chain/record.ts";
import { parseCidr } from "../../config/addresses.ts";
import { parseName } from "../../config/identity.ts";
import { parseInterfaceName, parsePath } from "../../config/paths.ts";
import { parseLimitBits } from "../../config/quantities.ts";
import { FairwayError } from "../../errors.ts";
import { type ClusterOptions, checkClusterOptions } from "./cluster-subnets.ts";
import { isThere } from "./files.ts";
import { type PlaceOptions, placesOf } from "./places.ts";
import type { ProgramOptions } from "./plan-programs.ts";
import { checkSubnetSources, type SubnetOptions } from "./subnets.ts";

export interface InstallOptions
  extends PlaceOptions,
    ProgramOptions,
    SubnetOptions,
    ClusterOptions {
  conflist?: string;
  networkName?: string;
  uplink?: string;
  egressCapacity?: string;
  ingressCapacity?: string;
  ipMasqExcept?: string[];
  dataDir?: string;
  allowEarlier?: boolean;
  /** Behind the network that is there. */
  chain?: boolean;
  chainWay?: ChainWay;
  /** The chain's reference `bandwidth` plugin is left out. */
  replaceBandwidth?: boolean;
  /** false is --no-agent. */
  agent?: boolean;
}

export const noSubnet = (path: string): FairwayError =>
  new FairwayError(
    "badConfig",
    `no pod subnet is given, and there is no ${path} yet`,
    "give --subnet CIDR, --subnet-from-node-json FILE, --subnet-from-conflist FILE, --subnet-from-cluster, or an own --conflist FILE",
  );

/** sun_path of unix(7), with the NUL at its end. */
const socketPathMaxBytes = 107;

function checkSocket({ socket }: InstallOptions): void {
  if (socket === undefined) return;
  const bytes = Buffer.byteLength(parsePath(socket, "--socket"));
  if (bytes <= socketPathMaxBytes && !socket.includes("\n") && !socket.endsWith("/")) return;
  throw new FairwayError(
    "badConfig",
    `--socket: ${JSON.stringify(socket)} cannot be a socket's path (${bytes} bytes)`,
    `give a path of one line and at most ${socketPathMaxBytes} bytes, such as /run/fairway/agent.sock`,
  );
}

/**
 * Finds what is wrong with the call itself, whatever the node is like. A network of our own needs a subnet.
 * Throws badConfig.
 */
export function checkAsked(options: InstallOptions, isChained: boolean): void {
  const { confDir, confFile } = placesOf(options);
  checkSocket(options);
  const { dataDir, networkName, uplink, egressCapacity, ingressCapacity } = options;
  if (dataDir !== undefined) parsePath(dataDir, "--data-dir");
  if (networkName !== undefined) parseName({ name: networkName });
  if (uplink !== undefined) parseInterfaceName(uplink, "--uplink");
  if (egressCapacity !== undefined) parseLimitBits(egressCapacity, "--egress-capacity");
  if (ingressCapacity !== undefined) parseLimitBits(ingressCapacity, "--ingress-capacity");
  for (const network of options.ipMasqExcept ?? []) parseCidr(network, "--ip-masq-except");
  checkClusterOptions(options);
  const isSubnetGiven = checkSubnetSources(options);
  const path = join(confDir, confFile);
  if (!isChained && !isSubnetGiven && options.conflist === undefined && !isThere(path))
    throw noSubnet(path);
}
