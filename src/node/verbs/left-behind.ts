import { FairwayError, messageOf } from "../../errors.ts";

/** An ADD failed, and the kernel still has something of its pod. The row stays for whoever removes that. */
export class LeftBehind extends FairwayError {
  constructor(failure: unknown, left: unknown) {
    const known = failure instanceof FairwayError ? failure : undefined;
    const details = [
      known?.details,
      `what was made for the pod could not be removed again: ${messageOf(left)}`,
      "its address and its class stay taken until DEL, GC or `fairway gc` removes it",
    ];
    super(
      known?.kind ?? "kernelRefused",
      messageOf(failure),
      details.filter((text) => text !== undefined).join("; "),
      { cause: failure },
    );
  }
}
