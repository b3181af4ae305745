/** Gives a living pod the promise that its annotations ask for now, or says why it keeps what it had. */
import { type ErrorName, FairwayError, messageOf } from "../errors.ts";
import type { RecordedAttachment } from "../ledger/attachment-rows.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { changePromise } from "../node/verbs/change-promise.ts";
import type { PodAsks, PodPromise } from "../plan/node.ts";
import { promiseForLiving } from "../promise/ask.ts";
import { parseNetworkConfig } from "../promise/network-config.ts";
import { podKey } from "./pod-seen.ts";
import { refusalWords } from "./words.ts";

export type Changed =
  | { state: "changed"; before: PodPromise; after: PodPromise }
  /** `isFinal` means that the same annotations would be refused again, whatever happens on the node. */
  | { state: "refused"; words: string; isFinal: boolean }
  /** Another process is at work on it, or has the lock. */
  | { state: "later" }
  /** It has been deleted meanwhile. */
  | { state: "gone" };

/** What is wrong with the annotations themselves. */
const final: readonly ErrorName[] = ["badConfig", "policyRefused"];

/**
 * It begins and ends without a pause. Everything is decided and recorded under the node's lock, and a refusal
 * changes nothing.
 */
export function changeLiving(ledger: Ledger, row: RecordedAttachment, wanted: PodAsks): Changed {
  const title = podKey({ namespace: row.podNamespace ?? "default", name: row.podName ?? "" });
  try {
    const recorded = ledger.network(row.network);
    if (recorded === null) return { state: "gone" };
    const config = parseNetworkConfig(JSON.parse(recorded.config));
    changePromise(ledger, {
      key: row,
      ask: (former) => {
        // What another process has set over it meanwhile stays.
        const asks = { ...wanted, overrides: former.overrides };
        return { asks, asked: promiseForLiving(config, asks, row.podNamespace, title) };
      },
    });
    const after = ledger.attachments.find(row);
    if (after === null) return { state: "gone" };
    return { state: "changed", before: row.promise, after: after.promise };
  } catch (error) {
    if (!(error instanceof FairwayError))
      throw new Error(`pod ${title}: ${messageOf(error)}`, { cause: error });
    if (error.kind === "tryAgain") return { state: "later" };
    if (error.kind === "unknownContainer") return { state: "gone" };
    return {
      state: "refused",
      words: refusalWords(error, row),
      isFinal: final.includes(error.kind),
    };
  }
}
