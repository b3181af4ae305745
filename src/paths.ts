/**
 * The last part of a path, and what it is in. node:path does the same for all paths there are; loading
 * it takes every verb as long as two of its questions to the kernel.
 */

export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** Of a path that begins with "/" and ends with a name; "/" of "/". */
export const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";
