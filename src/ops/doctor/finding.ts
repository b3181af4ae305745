/** A finding says one fact about the node, how bad it is, and what to do about it. */
import type { NetworkConfig } from "../../config/types.ts";
import { FairwayError, messageOf } from "../../errors.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import type { AgentLook } from "../agent/look.ts";
import type { Manifest } from "../install/manifest.ts";
import type { Places } from "../install/places.ts";
import type { FindingId } from "./finding-ids.ts";

export type Level = "ok" | "warn" | "error";

export interface Finding {
  /** Says what was looked at, as "group.part", one of finding-ids.ts. It is the same from run to run. */
  id: string;
  level: Level;
  found: string;
  /** null means that there is nothing to do. */
  todo: string | null;
}

/** What the groups look at. It is found out once. */
export interface Patient {
  dataDir: string;
  /**
   * It is empty where there is none yet. null means that it cannot be opened: then nothing is known of pods.
   */
  ledger: LedgerView | null;
  /** The same, and an empty one in place of one that cannot be opened. */
  view: LedgerView;
  /** The configuration of each network that is known. Before the first ADD there is none without --config. */
  configs: NetworkConfig[];
  places: Places;
  /** Says what `install` did; null means that it was not run, or that its record cannot be read. */
  manifest: Manifest | null;
  agent: AgentLook;
}

/** One group of findings; each has a file of its own. */
export type Group = (patient: Patient) => Finding[];

const finding =
  <Todo extends string | null>(level: Level) =>
  (id: FindingId, found: string, todo: Todo): Finding => ({ id, level, found, todo });

export const ok = (id: FindingId, found: string): Finding => finding("ok")(id, found, null);
export const warn = finding<string>("warn");
export const error = finding<string | null>("error");

/** Where something cannot be looked at, that is a finding, too. */
export function attempt(id: FindingId, look: () => Finding[]): Finding[] {
  try {
    return look();
  } catch (thrown) {
    const details = thrown instanceof FairwayError ? (thrown.details ?? null) : null;
    return [error(id, messageOf(thrown), details)];
  }
}

/** The id of a difference from the ledger, which has an exit code of its own. */
export const driftId = "drift";
