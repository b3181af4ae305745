/** Names that go to the kernel or to the file system. */
import { FairwayError } from "../errors.ts";

/** IFNAMSIZ - 1; libcni's pkg/utils.ValidateInterfaceName has the same rules. */
const maxInterfaceNameBytes = 15;

/** @throws FairwayError badConfig, naming `key`. */
export function parseInterfaceName(text: string, key: string): string {
  const bytes = new TextEncoder().encode(text).length;
  const fits = bytes >= 1 && bytes <= maxInterfaceNameBytes;
  if (fits && text !== "." && text !== ".." && !/[/:\s\0]/.test(text)) return text;
  throw new FairwayError(
    "badConfig",
    `${key}: ${JSON.stringify(text)} cannot name an interface`,
    `An interface's name has 1 to ${maxInterfaceNameBytes} bytes, no "/", ":" or space, and is not "." or "..".`,
  );
}

export function isAbsolutePath(text: string): boolean {
  return text.startsWith("/") && !text.includes("\0");
}

/** @throws FairwayError badConfig, naming `key`. */
export function parsePath(text: string, key: string): string {
  if (isAbsolutePath(text)) return text;
  throw new FairwayError(
    "badConfig",
    `${key}: ${JSON.stringify(text)} is not an absolute path`,
    "Begin it with \"/\": a plugin's working directory is the runtime's.",
  );
}
