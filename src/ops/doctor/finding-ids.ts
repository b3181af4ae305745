/**
 * The ids of all findings. The findings are typed against this list and docs/doctor.md is tested against
 * it, so an id that is new has to be written here and in the page.
 */
import type { ModuleName } from "../../kernel/parts.ts";

/** The ids are as the page writes them: a part in capital letters stands for a name, as `Filling` says. */
export const findingIds = [
  "accept_ra",
  "accept_ra.DEVICE",
  "agent",
  "agent.fallBacks",
  "agent.verbs",
  "agent.version",
  "bridge",
  "bridge.addresses",
  "bridge.hairpin",
  "bridge.others",
  "bridge.ports",
  "claims",
  "config",
  "conflist",
  "conflist.chain",
  "conflist.copy",
  "conflist.plugin",
  "conflist.shaper",
  "drift",
  "install",
  "install.executable",
  "install.fits",
  "install.launcher",
  "install.link",
  "kernel.MODULE",
  "kernel.nf_tables_bridge",
  "kernel.release",
  "leaf-queues",
  "leaks",
  "ledger",
  "ledger.file",
  "ledger.fileSystem",
  "ledger.folder",
  "ledger.pages",
  "ledger.rows",
  "ledger.schema",
  "names",
  "node",
  "overrides",
  "path.DEVICE",
  "path.flowtables",
  "path.forward",
  "path.pods",
  "path.rules",
  "platform",
  "pool.NETWORK",
  "pool.NETWORK.N",
  "promises",
  "promises.egress",
  "promises.ingress",
  "reserve.egress",
  "reserve.ingress",
  "root",
  "root.DEVICE",
  "shapers",
  "spoofing",
  "subnet",
  "sysctl.NAME",
  "tiers.NAME",
  "tools.ip",
  "tools.nft",
  "tools.tc",
  "uplink",
  "uplink.egressCapacity",
  "uplink.ingressCapacity",
  "uplink.others",
  "uplink.recorded",
] as const;

/** What a part in capital letters stands for. */
interface Filling {
  DEVICE: string;
  MODULE: ModuleName;
  /** The index of a range set. */
  N: number;
  /** The name of a sysctl, with its dots, or of a tier. */
  NAME: string;
  NETWORK: string;
}

type FilledPart<Part extends string> = Part extends keyof Filling ? `${Filling[Part]}` : Part;

type Filled<Id extends string> = Id extends `${infer First}.${infer Rest}`
  ? `${FilledPart<First>}.${Filled<Rest>}`
  : FilledPart<Id>;

/** An id as a finding has it, such as `root.eth0` for `root.DEVICE`. */
export type FindingId = Filled<(typeof findingIds)[number]>;
