/** How runtimes take the files of the folder in which their networks lie. Pure. */

/** The names that libcni's ConfFiles() takes, as containerd and CRI-O call it. */
export const isConfName = (name: string): boolean => /\.(conf|conflist|json)$/.test(name);

/** Runtimes go by the bytes of names. */
export const byBytes = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(a), Buffer.from(b));

export const sortsBefore = (a: string, b: string): boolean => byBytes(a, b) < 0;
