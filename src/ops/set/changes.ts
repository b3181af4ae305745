/** Reads the words of `fairway set`: KEY=VALUE, and KEY=- to take one back. */
import { asksForAddress } from "../../config/address-ask.ts";
import { fairwayKeys, fairwayPrefix, readAnnotations } from "../../config/annotations.ts";
import { Problems } from "../../config/problems.ts";
import { suggestion } from "../../config/suggest.ts";
import { FairwayError } from "../../errors.ts";
import type { Changes } from "../../promise/override.ts";

const takenBack = "-";

const wrong = (what: string, advice: string): FairwayError =>
  new FairwayError("badConfig", what, advice);

function pairOf(text: string): [string, string | null] {
  const [, key = "", value = ""] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (key === "")
    throw wrong(
      `${JSON.stringify(text)} is not KEY=VALUE`,
      "for example egress-guarantee=300M; egress-guarantee=- takes it back",
    );
  const name = key.startsWith(fairwayPrefix) ? key : `${fairwayPrefix}${key}`;
  if (asksForAddress({ [name]: value }))
    throw wrong(
      `${name}: the address of a living pod cannot be changed`,
      "put the annotation on the pod, and recreate it",
    );
  return [name, value === takenBack ? null : value];
}

/**
 * Requires keys that exist and values that can be read. Whether they go together only the whole promise
 * tells.
 */
function requireReadable(changes: Changes): void {
  const problems = new Problems();
  const given: Record<string, string> = {};
  for (const [key, value] of Object.entries(changes)) {
    if (value !== null) given[key] = value;
    else if (!fairwayKeys.includes(key))
      problems.add(key, "unknown annotation", suggestion(key, fairwayKeys));
  }
  readAnnotations(given, problems);
  problems.throwIfAny();
}

/** Throws badConfig for a word that does not change a promise. */
export function changesOf(pairs: readonly string[]): Changes {
  const changes: Record<string, string | null> = {};
  for (const pair of pairs) {
    const [key, value] = pairOf(pair);
    if (Object.hasOwn(changes, key))
      throw wrong(
        `${key} is given twice`,
        "give each key once: which of both holds is not guessed",
      );
    changes[key] = value;
  }
  requireReadable(changes);
  return changes;
}
