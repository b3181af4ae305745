/** The exit codes of the operator's commands. */
export const exitCodes = { done: 0, failed: 1, usage: 2, drift: 3 } as const;
