import { FairwayError, messageOf } from "../errors.ts";

/** An ADD that failed, and of whose pod the kernel still has something: its row stays for whoever removes it. */
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
