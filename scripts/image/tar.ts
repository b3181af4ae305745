/** Writes tar archives (ustar) of which every byte follows from what is in them. Pure. */

export type TarEntry = { path: string } & (
  | { kind: "file"; mode: number; content: Uint8Array }
  | { kind: "folder"; mode: number }
  | { kind: "link"; target: string }
);

const blockBytes = 512;
const [typeFile, typeLink, typeFolder] = ["0", "2", "5"];
/** An archive ends with two empty blocks. */
const end = Buffer.alloc(2 * blockBytes);

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, "0");

/** ustar divides a path that is longer than its field at a slash. Nothing of ours is that long. */
function field(text: string, bytes: number): Buffer {
  const encoded = Buffer.from(text);
  if (encoded.length > bytes) throw new RangeError(`${text} has more than ${bytes} bytes`);
  return Buffer.concat([encoded, Buffer.alloc(bytes - encoded.length)]);
}

interface Header {
  path: string;
  mode: number;
  size: number;
  type: string;
  target: string;
}

/** Everything belongs to root, by number alone: names of users are this machine's. */
function headerOf({ path, mode, size, type, target }: Header, timeSeconds: number): Buffer {
  const parts = (checksum: string): Buffer =>
    Buffer.concat([
      field(path, 100),
      ...[octal(mode, 7), octal(0, 7), octal(0, 7)].map((text) => field(text, 8)),
      ...[octal(size, 11), octal(timeSeconds, 11)].map((text) => field(text, 12)),
      field(checksum, 8),
      field(type, 1),
      field(target, 100),
      Buffer.from("ustar\0" + "00"),
      Buffer.alloc(blockBytes - 265),
    ]);
  // It is computed as if its own field held spaces.
  const sum = parts(" ".repeat(8)).reduce((total, byte) => total + byte, 0);
  return parts(`${octal(sum, 6)}\0 `);
}

function blocksOf(entry: TarEntry, timeSeconds: number): Uint8Array[] {
  const { path } = entry;
  switch (entry.kind) {
    case "folder":
      return [
        headerOf(
          { path: `${path}/`, mode: entry.mode, size: 0, type: typeFolder, target: "" },
          timeSeconds,
        ),
      ];
    case "link":
      return [
        headerOf({ path, mode: 0o777, size: 0, type: typeLink, target: entry.target }, timeSeconds),
      ];
    case "file": {
      const { mode, content } = entry;
      const rest = (blockBytes - (content.length % blockBytes)) % blockBytes;
      const header = { path, mode, size: content.length, type: typeFile, target: "" };
      return [headerOf(header, timeSeconds), content, Buffer.alloc(rest)];
    }
  }
}

/** The folders above these paths, from above. */
function foldersAbove(paths: readonly string[]): string[] {
  const above = paths.flatMap((path) => {
    const names = path.split("/").slice(0, -1);
    return names.map((_, at) => names.slice(0, at + 1).join("/"));
  });
  return [...new Set(above)];
}

/** Sorts by bytes: what stands above comes before what is in it. */
const byPath = (a: TarEntry, b: TarEntry): number =>
  Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));

/** Folders that are not among the entries are made, with the usual mode. */
export function tarOf(entries: readonly TarEntry[], timeSeconds: number): Buffer {
  const given = new Set(entries.map(({ path }) => path));
  if (given.size < entries.length) throw new RangeError("a path is there twice");
  const folders = foldersAbove([...given])
    .filter((path) => !given.has(path))
    .map((path): TarEntry => ({ kind: "folder", path, mode: 0o755 }));
  const sorted = [...folders, ...entries].toSorted(byPath);
  return Buffer.concat([...sorted.flatMap((entry) => blocksOf(entry, timeSeconds)), end]);
}
