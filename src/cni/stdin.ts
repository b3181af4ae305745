/** Reads the configuration, as a runtime pipes it in. */
import fs from "node:fs";
import { FairwayError, messageOf } from "../errors.ts";

const chunkBytes = 65_536;
/** A runtime may hand over the non-blocking end of a pipe, on which a read does not wait. */
const retryMs = 1;

const advice = "a container runtime pipes the network configuration in; by hand: fairway < FILE";

/**
 * Reads all of `fd`, to its end, as text; it is "" where there is nothing. Throws decode for a terminal, for
 * a closed descriptor and for what is not UTF-8, and io where it cannot be read.
 */
export function readStdin(fd = 0): string {
  if (isTerminal(fd)) {
    throw new FairwayError("decode", "no configuration on stdin: it is a terminal", advice);
  }
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = readChunk(fd);
    if (chunk.length === 0) break;
    chunks.push(chunk);
  }
  return stdinText(Buffer.concat(chunks));
}

function isTerminal(fd: number): boolean {
  if (!isCharacterDevice(fd)) return false;
  // This is loaded only for the few that can be a terminal: it brings the streams with it and costs 8 ms.
  const { isatty } = require("node:tty") as typeof import("node:tty");
  return isatty(fd);
}

function isCharacterDevice(fd: number): boolean {
  try {
    return fs.fstatSync(fd).isCharacterDevice();
  } catch {
    // What cannot be looked at cannot be read either, and reading says why.
    return false;
  }
}

function readChunk(fd: number): Buffer {
  const chunk = Buffer.allocUnsafe(chunkBytes);
  for (;;) {
    try {
      return chunk.subarray(0, fs.readSync(fd, chunk, 0, chunkBytes, null));
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EAGAIN") {
        Bun.sleepSync(retryMs);
        continue;
      }
      if (code === "EBADF") {
        throw new FairwayError("decode", "no configuration on stdin: it is closed", advice);
      }
      throw new FairwayError("io", `stdin cannot be read: ${messageOf(error)}`, advice, {
        cause: error,
      });
    }
  }
}

/** The text that came on stdin. Throws decode for what is not UTF-8. */
export function stdinText(bytes: Uint8Array): string {
  try {
    // A byte order mark stays in the text: JSON does not allow it, so it is refused there.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new FairwayError(
      "decode",
      "the configuration on stdin is not UTF-8",
      "the network configuration is JSON, encoded in UTF-8",
      { cause: error },
    );
  }
}
