/** What of the ledger is in a verb's way: whether it would have to wait, and what a failure has left there. */
import type { RawConfig } from "../cni/request.ts";
import { parseCleanupConfig } from "../config/cleanup.ts";
import { parseIpamCleanupConfig } from "../config/ipam-plugin.ts";
import { FairwayError } from "../errors.ts";
import { existingFile } from "../ledger/folder.ts";
import { inLedger } from "../node/facts/open.ts";
import { tryAtWork } from "../node/verbs/at-work.ts";
import { type AttachmentKey, attachmentName } from "../plan/node.ts";
import type { VerbCall } from "./verb-call.ts";

interface Place {
  dataDir: string;
  network: string;
}

/** null means that the configuration is not fit for any verb, which the verb tells. */
function placeOf({ isIpam }: VerbCall, config: RawConfig): Place | null {
  try {
    const parse = isIpam ? parseIpamCleanupConfig : parseCleanupConfig;
    const { dataDir, name } = parse(config);
    return { dataDir, network: name };
  } catch (error) {
    if (error instanceof FairwayError) return null;
    throw error;
  }
}

/** These neither take the ledger's lock nor write to it. */
const looking: readonly string[] = ["CHECK", "VERSION"];

/** The attachment that a verb would lock. */
function lockedBy({ isIpam, env }: VerbCall, network: string): AttachmentKey | null {
  const { CNI_COMMAND: verb, CNI_CONTAINERID: containerId, CNI_IFNAME: ifname } = env;
  const locks = !isIpam && (verb === "ADD" || verb === "DEL");
  return locks && containerId !== undefined && ifname !== undefined
    ? { network, containerId, ifname }
    : null;
}

/**
 * Says in words what another process holds at this moment, or why the ledger cannot be used by this version.
 * It waits for nothing. Where there is no ledger yet, nobody holds it, and none is made. null means that
 * nothing is in the way.
 */
export function heldByOthers(call: VerbCall, config: RawConfig): string | null {
  const { CNI_COMMAND: verb = "" } = call.env;
  const place = verb === "VERSION" ? null : placeOf(call, config);
  if (place === null) return null;
  try {
    if (existingFile(place.dataDir) === null) return null;
    return inLedger(place.dataDir, (ledger) => {
      if (!looking.includes(verb) && !ledger.isFree())
        return `another process holds the lock of ${ledger.file}`;
      const key = lockedBy(call, place.network);
      if (key === null) return null;
      using own = tryAtWork(ledger, key);
      return own === null
        ? `another process is at work on the attachment ${attachmentName(key)}`
        : null;
    });
  } catch (error) {
    if (error instanceof FairwayError) return error.message;
    throw error;
  }
}

/**
 * Whether another process may do a verb that failed here. Of an ADD nothing may be left: its row stays as long
 * as anything of it does. The other verbs go on from wherever they find things.
 */
export function mayBeDoneAgain(call: VerbCall, config: RawConfig | null): boolean {
  const place = config === null ? null : placeOf(call, config);
  if (call.env.CNI_COMMAND !== "ADD" || call.isIpam || place === null) return true;
  const key = lockedBy(call, place.network);
  if (key === null) return true;
  try {
    if (existingFile(place.dataDir) === null) return true;
    return inLedger(place.dataDir, (ledger) => ledger.attachments.find(key) === null);
  } catch {
    return false;
  }
}
