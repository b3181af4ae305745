/** Names that go to the kernel or to the file system. */
import { FairwayError } from "../errors.ts";

/** IFNAMSIZ (linux/if.h) less the NUL. */
const maxInterfaceNameBytes = 15;
/**
 * The kernel takes more (dev_valid_name), and so does libcni. But names stand in lines of ip, tc and nft,
 * which read quotes, "#", ";", "*", "$", "{" and a backslash as their own signs.
 */
const isNamePart = (letter: string): boolean => /^[\p{L}\p{N}_.+-]$/u.test(letter);
/**
 * Most names match this. It comes first, because the table of all letters takes longer to build than all else
 * that a name needs.
 */
const plainName = /^[A-Za-z0-9_.+-]+$/;

/** What a name may be, for messages. */
export const interfaceNameForm = `1 to ${maxInterfaceNameBytes} bytes of letters, digits, "_", ".", "+" and "-"; it does not begin with "-" or "+", and is not "." or ".."`;

/** Why a text cannot name an interface; null means that it can. */
export function faultOfInterfaceName(text: string): string | null {
  const bytes = Buffer.byteLength(text);
  if (bytes < 1 || bytes > maxInterfaceNameBytes) return `it has ${bytes} bytes`;
  if (text === "." || text === "..") return "it is a folder's name";
  if (/^[-+]/.test(text)) return `it begins with ${JSON.stringify(text[0])}`;
  if (plainName.test(text)) return null;
  const bad = [...text].find((each) => !isNamePart(each));
  return bad === undefined ? null : `it contains ${JSON.stringify(bad)}`;
}

/** @throws FairwayError badConfig, naming `key`. */
export function parseInterfaceName(text: string, key: string): string {
  const why = faultOfInterfaceName(text);
  if (why === null) return text;
  throw new FairwayError(
    "badConfig",
    `${key}: ${JSON.stringify(text)} cannot name an interface: ${why}`,
    `A name has ${interfaceNameForm}.`,
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
