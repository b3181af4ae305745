/**
 * What the kubelet has a driver do: prepare a claim before its pod's sandbox is made, and take that back after the pod
 * has gone. To prepare is to record in the ledger what the claim was given, where ADD finds it.
 */
import { type ErrorName, FairwayError, messageOf } from "../errors.ts";
import type { KubeClient } from "../kube/client.ts";
import { isMissing, KubeError } from "../kube/kube-error.ts";
import type { ClaimShare, Claims } from "../ledger/claims.ts";
import { type ClaimAsked, sharesOf, titleOf } from "./claim.ts";

/** As much of the ledger as claims need. */
interface ClaimLedger extends Pick<Claims, "recordClaim" | "forgetClaim"> {
  exclusively<T>(act: () => T): T;
}

export interface DriverOptions {
  client: Pick<KubeClient, "ask">;
  /** The name of the Node. */
  node: string;
  /** Makes the ledger if there is none. */
  inLedger<T>(use: (ledger: ClaimLedger) => T): T;
  /** null means that there is none yet; then there is nothing to take back. */
  ledgerIfThere(): ClaimLedger | null;
}

/** The kubelet gives all claims of a pod 45 s together (defaultClientCallTimeout of its pkg/kubelet/cm/dra/plugin). */
const askMs = 10_000;
const lockMs = 10_000;
const betweenMs = 50;

const busy: ErrorName = "tryAgain";

/** Others have the node's lock for moments. Throws what `act` throws, tryAgain after ten seconds of it. */
async function whenFree<T>(act: () => T): Promise<T> {
  const deadlineMs = performance.now() + lockMs;
  for (;;) {
    try {
      return act();
    } catch (error) {
      const isBusy = error instanceof FairwayError && error.kind === busy;
      if (!isBusy || performance.now() >= deadlineMs) throw error;
    }
    await Bun.sleep(betweenMs);
  }
}

export class Driver {
  readonly #options: DriverOptions;
  /** What was last begun for each claim that something is done for now, by uid. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(options: DriverOptions) {
    this.#options = options;
  }

  /**
   * Records what the claim was given, and returns it. The same again changes nothing. Nothing is recorded once `signal`
   * is aborted. Throws promiseRefused, badConfig, io where the API server gives no answer, and what the ledger throws.
   */
  prepare(asked: ClaimAsked, signal: AbortSignal): Promise<ClaimShare[]> {
    return this.#inTurn(asked.uid, async () => {
      const found = await this.#claim(asked, signal);
      const shares = sharesOf(asked, found, this.#options.node);
      await whenFree(() => {
        // The kubelet that gave up may have it unprepared next, and then nobody would take this back.
        if (signal.aborted) throw new FairwayError(busy, `the kubelet gave up ${titleOf(asked)}`);
        this.#options.inLedger((ledger) =>
          ledger.exclusively(() => ledger.recordClaim(asked.uid, shares)),
        );
      });
      return shares;
    });
  }

  /** Forgets the claim; one that is not known is forgotten already. It asks no API server. Throws what the ledger throws. */
  unprepare(asked: ClaimAsked): Promise<void> {
    return this.#inTurn(asked.uid, () =>
      whenFree(() => {
        const ledger = this.#options.ledgerIfThere();
        ledger?.exclusively(() => ledger.forgetClaim(asked.uid));
      }),
    );
  }

  /** What is asked for one claim is done in its order, whatever came of it before. */
  #inTurn<T>(uid: string, act: () => Promise<T>): Promise<T> {
    const done = (this.#last.get(uid) ?? Promise.resolve()).then(act, act);
    this.#last.set(uid, done);
    const forget = (): void => {
      if (this.#last.get(uid) === done) this.#last.delete(uid);
    };
    done.then(forget, forget);
    return done;
  }

  async #claim(asked: ClaimAsked, signal: AbortSignal): Promise<unknown> {
    const { namespace, name } = asked;
    const [within, named] = [namespace, name].map(encodeURIComponent);
    const path = `/apis/resource.k8s.io/v1/namespaces/${within}/resourceclaims/${named}`;
    try {
      return await this.#options.client.ask({ path, limitMs: askMs, signal });
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (isMissing(error))
        throw new FairwayError(
          "promiseRefused",
          `${titleOf(asked)} has been deleted: the API server does not have it`,
          "Delete the pod: its successor gets a claim of its own.",
        );
      throw new FairwayError(
        "io",
        `the API server did not tell what ${titleOf(asked)} was given: ${messageOf(error)}`,
        "Pods with claims for bandwidth wait until it answers; others do not. The kubelet asks again.",
        { cause: error },
      );
    }
  }
}
