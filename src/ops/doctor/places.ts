/** Tells whose the things are that bear the names which an ADD wants to give. */

import { placeFor } from "../../node/facts/chained.ts";
import { bridgeToTake, placesTaken } from "../../node/reconcile/taken-places.ts";
import { attempt, error, type Finding, ok, type Patient, warn } from "./finding.ts";

const id = "names";

export function places({ configs, view }: Patient): Finding[] {
  const [config] = configs;
  if (config === undefined) return [];
  return attempt(id, () => {
    const place = placeFor(view, config);
    const taken = placesTaken(view, place);
    if (taken !== null) return [error(id, taken.message, taken.details ?? null)];
    const before = bridgeToTake(view, place);
    if (before === null) return [ok(id, "nothing of others is in the place of what an ADD makes")];
    return [
      warn(
        id,
        `there is a bridge ${before.name} already, with nothing on it: the first ADD takes it over, its MAC ${before.mac} and its MTU ${before.mtuBytes} included`,
        "`uninstall` gives both back; give another name in `bridge` if it is somebody's",
      ),
    ];
  });
}
