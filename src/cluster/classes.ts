/** Keeps the node's configuration to the BandwidthClass that selects it. */
import { type ErrorName, FairwayError } from "../errors.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { shortfalls } from "../node/facts/capacity.ts";
import { reconfigure } from "../node/verbs/reconfigure.ts";
import type { Tell } from "../tell.ts";
import { type ClassPlaces, placeClass, placedClass } from "./class-files.ts";
import { type ClassSeen, classFor } from "./class-object.ts";
import { withClassValuesOf } from "./class-values.ts";
import type { Happened } from "./event-log.ts";
import type { NodeSeen } from "./node-object.ts";
import { type Publishing, usualPublishing } from "./schedulable.ts";

export interface ClassesOptions {
  places: ClassPlaces;
  /** Tells it as an event of the Node. */
  happened(event: Happened): void;
  tell: Tell;
}

type Words = { type: Happened["type"]; reason: string; note: string };

const wordsOf = (error: FairwayError): string =>
  error.details === undefined ? error.message : `${error.message}. ${error.details}`;

/** A record that cannot be read is told by the first turn, which reads it again. */
function placedBefore(places: ClassPlaces): string | null {
  try {
    return placedClass(places);
  } catch (error) {
    if (error instanceof FairwayError) return null;
    throw error;
  }
}

export class Classes {
  readonly #options: ClassesOptions;
  /** What was told last, which is not told again. */
  #told = "";
  #inForce: string | null;
  #publishing: Publishing | null = null;

  constructor(options: ClassesOptions) {
    this.#options = options;
    this.#inForce = placedBefore(options.places);
  }

  /** The class whose values the node's configuration has; null means none. */
  get inForce(): string | null {
    return this.#inForce;
  }

  /** How the node's capacity is told to the scheduler; null means that no class has told it yet. */
  get publishing(): Publishing | null {
    return this.#publishing;
  }

  /** The cluster has no classes at all: the node keeps what it has. */
  none(): void {
    this.#publishing ??= usualPublishing;
  }

  /** It waits for nobody. Throws tryAgain where another has the lock. */
  turn(
    node: NodeSeen,
    classes: readonly ClassSeen[],
    ledger: Ledger | null,
    mayChange: () => boolean,
  ): void {
    const chosen = classFor(classes, node.labels);
    if (chosen.state === "tie") {
      const names = chosen.names.join(", ");
      this.#say(node, {
        type: "Warning",
        reason: "BandwidthClassRejected",
        note: `${names} select this node with the same priority, so nothing is changed: give one of them a higher spec.priority`,
      });
      return;
    }
    const wanted = chosen.state === "one" ? chosen.chosen : null;
    // It is in force whatever becomes of the values: it is no part of the node's configuration.
    this.#publishing = wanted?.publishing ?? usualPublishing;
    try {
      this.#place(node, wanted, ledger, mayChange);
    } catch (error) {
      const busy: ErrorName = "tryAgain";
      if (!(error instanceof FairwayError) || error.kind === busy) throw error;
      this.#say(node, {
        type: "Warning",
        reason: "BandwidthClassRejected",
        note: `${wanted?.name ?? "no class"} is not put into this node's configuration, which stays as it is: ${wordsOf(error)}`,
      });
    }
  }

  #place(
    node: NodeSeen,
    wanted: ClassSeen | null,
    ledger: Ledger | null,
    mayChange: () => boolean,
  ): void {
    const { places, tell } = this.#options;
    const { changed, network } = placeClass(places, wanted);
    if (network === null) {
      if (wanted === null) this.#inForce = null;
      return;
    }
    const before = this.#inForce;
    this.#inForce = wanted?.name ?? null;
    if (changed !== null)
      tell("info", "the cluster: the node's configuration follows its BandwidthClass", {
        file: changed,
        class: this.#inForce,
      });
    const isLive =
      ledger?.network(network.name)?.isOfThisBoot === true &&
      ledger.attachments.any() &&
      this.#isOther(ledger, network) &&
      mayChange() &&
      reconfigure(ledger, network.name, (recorded) => withClassValuesOf(recorded, network.plugin));
    if (changed === null && !isLive) return;
    const short = ledger === null || !isLive ? [] : shortfalls(ledger);
    const name = wanted?.name ?? before ?? "";
    if (short.length > 0)
      this.#say(node, {
        type: "Warning",
        reason: "BandwidthClassDoesNotFit",
        note: `${name} is in force, and what is promised does not fit any more: ${short.join("; ")}`,
      });
    else
      this.#say(node, {
        type: "Normal",
        reason: "BandwidthClassApplied",
        note:
          wanted === null
            ? `no class selects this node any more: what ${name} had changed is as it was before`
            : `this node's configuration is as ${name} says`,
      });
  }

  /** Whether what its pods share was made from other values. */
  #isOther(
    ledger: Ledger,
    { name, plugin }: { name: string; plugin: Record<string, unknown> },
  ): boolean {
    const recorded = JSON.parse(ledger.network(name)?.config ?? "{}") as Record<string, unknown>;
    return JSON.stringify(withClassValuesOf(recorded, plugin)) !== JSON.stringify(recorded);
  }

  #say({ name, uid }: NodeSeen, { type, reason, note }: Words): void {
    const text = `${reason}: ${note}`;
    if (this.#told === text) return;
    this.#told = text;
    const level = type === "Normal" ? "info" : "error";
    this.#options.tell(level, `the cluster: ${reason}`, { note });
    const regarding = { apiVersion: "v1", kind: "Node", namespace: "", name, uid };
    this.#options.happened({ regarding, type, reason, action: "Configure", note });
  }
}
