/**
 * The last part of a path, and the folder that it is in. node:path does the same for every kind of path, but
 * to load it takes every verb as long as two of its questions to the kernel.
 */

export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** The folder of a path that begins with "/" and ends with a name. For "/" it is "/". */
export const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";
