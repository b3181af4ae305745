/**
 * Everything that changes something outside of this process, or asks for it, goes through here. In the plugin
 * it is only a call. A build for tests (`scripts/build faults`) makes the k-th effect fail, or dies at it:
 * decision 18.
 */

import type { EffectKind } from "./effect-kind.ts";

/** This is given at build time. It is not defined in a checkout that runs without a build. */
declare const FAIRWAY_FAULTS: boolean;
const isForFaults = typeof FAIRWAY_FAULTS !== "undefined" && FAIRWAY_FAULTS;

type Faults = typeof import("./faults.ts");

/** `what` is a text for the table of faults. */
export function effect<T>(kind: EffectKind, what: string, act: () => T): T {
  if (isForFaults) return (require("./faults.ts") as Faults).faultyEffect(kind, what, act);
  return act();
}

/** Several effects that are done by one call, in their order, up to the first that fails. */
export function effects<T>(kind: EffectKind, what: string[], act: (what: string[]) => T): T {
  if (isForFaults) return (require("./faults.ts") as Faults).faultyEffects(kind, what, act);
  return act(what);
}

/**
 * One verb of a process that serves many. A test tells such a process before each verb what of it fails, and
 * what it does by itself between two verbs is not counted.
 */
export function effectsOfVerb<T>(verb: () => T): T {
  if (isForFaults) return (require("./faults.ts") as Faults).effectsOfVerb(verb);
  return verb();
}

/**
 * Questions that are asked again until the answer is the wanted one. They count as one effect, however many
 * they are.
 */
export function asking<T>(what: string, ask: () => T): T {
  if (isForFaults) {
    const { faultyEffect, uncounted } = require("./faults.ts") as Faults;
    return faultyEffect("look", what, () => uncounted(ask));
  }
  return ask();
}
