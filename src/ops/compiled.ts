/**
 * Whether this program is one compiled file, whose entry lives in Bun's own file system. Otherwise it runs
 * from a checkout.
 */
export const isCompiled = Bun.main.startsWith("/$bunfs/");
