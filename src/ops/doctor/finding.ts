/** What the doctor says: one fact about the node, how bad it is, and what to do about it. */
import type { NetworkConfig } from "../../config/types.ts";
import { FairwayError, messageOf } from "../../errors.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import type { Manifest } from "../install/manifest.ts";
import type { Places } from "../install/places.ts";
import type { FindingId } from "./finding-ids.ts";

export type Level = "ok" | "warn" | "error";

export interface Finding {
  /** What was looked at: "group.part", one of finding-ids.ts. The same from run to run. */
  id: string;
  level: Level;
  found: string;
  /** null: nothing. */
  todo: string | null;
}

/** What the groups look at, found out once. */
export interface Patient {
  dataDir: string;
  /** Empty where there is none yet; null where it cannot be opened: then nothing is known of pods. */
  ledger: LedgerView | null;
  /** Of each network that is known; none before the first ADD, without --config. */
  configs: NetworkConfig[];
  places: Places;
  /** What `install` did; null: it was not run, or does not know of it. */
  manifest: Manifest | null;
}

/** One group of findings: a file each. */
export type Group = (patient: Patient) => Finding[];

export const ok = (id: FindingId, found: string): Finding => ({
  id,
  level: "ok",
  found,
  todo: null,
});
export const warn = (id: FindingId, found: string, todo: string): Finding => ({
  id,
  level: "warn",
  found,
  todo,
});
export const error = (id: FindingId, found: string, todo: string | null): Finding => ({
  id,
  level: "error",
  found,
  todo,
});

/** What cannot be looked at is a finding too. */
export function attempt(id: FindingId, look: () => Finding[]): Finding[] {
  try {
    return look();
  } catch (thrown) {
    const details = thrown instanceof FairwayError ? (thrown.details ?? null) : null;
    return [error(id, messageOf(thrown), details)];
  }
}

/** The id of what differs from the ledger: it has an exit code of its own. */
export const driftId = "drift";
