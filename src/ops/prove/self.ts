/**
 * The argument vector that starts this program again: the compiled binary is its own; from a checkout
 * it is the runtime and the entry's path. (A compiled binary's entry lives in Bun's own file system.)
 */
export function selfCommand(): string[] {
  return Bun.main.startsWith("/$bunfs/") ? [process.execPath] : [process.execPath, Bun.main];
}
