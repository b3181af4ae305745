/** What a plan of an installation says of the network that Fairway is part of. */
import type { ChainRecord } from "../../chain/record.ts";
import type { NetworkConfig } from "../../config/types.ts";
import type { Conflist } from "./conflist.ts";
import type { FileStep } from "./files.ts";
import type { Places } from "./places.ts";

export interface PlannedNetwork {
  /** As the runtime will read it. */
  conflist: Conflist;
  /** Our plugin of it, as ADD reads it. */
  config: NetworkConfig;
  places: Places;
  /** The steps for its files, which come last. */
  files: FileStep[];
  /** Folders that have to be there for them, beside the usual ones. */
  folders: string[];
  /** null means that the network is Fairway's own. */
  chain: ChainRecord | null;
  /** For the summary: whom it stands behind. null means that its subnets are told. */
  behind: string | null;
  notes: string[];
}
