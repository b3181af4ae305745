/** Reads an archive as scripts/image writes it. */

const block = 512;

const text = (bytes: Buffer): string => bytes.toString().replace(/\0.*$/s, "");

/** The files' contents, by their paths. */
export function filesIn(archive: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (let at = 0; at + block <= archive.length && archive[at] !== 0; ) {
    const header = archive.subarray(at, at + block);
    const size = Number.parseInt(text(header.subarray(124, 136)), 8);
    const [path, type] = [text(header.subarray(0, 100)), text(header.subarray(156, 157))];
    if (type === "0") files.set(path, archive.subarray(at + block, at + block + size));
    at += block + Math.ceil(size / block) * block;
  }
  return files;
}
