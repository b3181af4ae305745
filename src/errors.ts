/**
 * The one error type that crosses folders. It is what the CNI calls an error, with a code that a runtime
 * reads and words that a person reads.
 *
 * `msg` names what was asked and what was found; `details` says what to do. Codes 1..99 are the
 * specification's (CNI SPEC 1.1.0, "Error"; 8 is from libcni's skel); 100 and up are ours.
 */
export const codes = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  unknownContainer: 3,
  badEnvironment: 4,
  io: 5,
  decode: 6,
  badConfig: 7,
  invalidNetns: 8,
  tryAgain: 11,
  unavailable: 50,
  limitedConnectivity: 51,
  promiseRefused: 100,
  poolExhausted: 101,
  addressInUse: 102,
  attachmentExists: 103,
  foreignQdisc: 104,
  missingTool: 105,
  missingKernelPart: 106,
  uplinkUnknown: 107,
  capacityUnknown: 108,
  drift: 109,
  kernelRefused: 110,
  ledgerUnusable: 111,
  policyRefused: 112,
  delegateFailed: 113,
} as const;

export type ErrorName = keyof typeof codes;

export class FairwayError extends Error {
  readonly code: number;
  /** The row of `codes`. Code branches on this, and never on the message's text. */
  readonly kind: ErrorName;
  readonly details: string | undefined;

  /** Whether the code came from another plugin, which reported the error. */
  readonly isForeign: boolean;

  /** `options.code` is another plugin's code. That plugin's error is passed on unchanged. */
  constructor(
    kind: ErrorName,
    msg: string,
    details?: string,
    options?: { cause?: unknown; code?: number },
  ) {
    super(msg, options);
    this.name = "FairwayError";
    this.kind = kind;
    this.isForeign = options?.code !== undefined;
    this.code = options?.code ?? codes[kind];
    this.details = details;
  }
}

/** The text of anything that was thrown, without a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What `act` returns. What it throws is told as `what`, with its own message after that. */
export function orFail<T>(
  kind: ErrorName,
  what: string,
  details: string | undefined,
  act: () => T,
): T {
  try {
    return act();
  } catch (error) {
    throw new FairwayError(kind, `${what}: ${messageOf(error)}`, details, { cause: error });
  }
}
