/**
 * Finds what a JSON text shows and its value does not, or only after a longer walk. Pure. The text has to be
 * valid JSON; it is read once, from its start, without recursion.
 */
interface Open {
  /** How its parts are named: "ipam", "ipam.routes[1]"; "" is the top. */
  place: string;
  /** An object's keys so far; null means that it is a list. */
  keys: Set<string> | null;
  /** For a list: the entry that is being read. */
  index: number;
  /** For an object: the key whose value is being read; null means that a key comes next. */
  key: string | null;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** Counts how many of `char` stand just before `end`. */
function runBefore(json: string, end: number, char: number): number {
  let at = end;
  while (json.charCodeAt(at - 1) === char) at -= 1;
  return end - at;
}

/** The position behind the closing quote of the string that begins at `start`. */
function endOfString(json: string, start: number): number {
  // The runtime itself does the searching; a step of a loop here would be code that runs for the first time.
  let at = json.indexOf('"', start + 1);
  while (runBefore(json, at, backslash) % 2 === 1) at = json.indexOf('"', at + 1);
  return at + 1;
}

function keyAt(json: string, start: number, end: number): string {
  const raw = json.slice(start, end);
  return raw.includes("\\") ? (JSON.parse(raw) as string) : raw.slice(1, -1);
}

function placeOf(parent: Open | undefined): string {
  if (parent === undefined) return "";
  if (parent.keys === null) return `${parent.place}[${parent.index}]`;
  return parent.place === "" ? (parent.key ?? "") : `${parent.place}.${parent.key}`;
}

/** Whether `char` stands in the text more than `limit` times. */
function hasMoreOf(json: string, char: string, limit: number): boolean {
  let count = 0;
  for (let at = json.indexOf(char); at >= 0; at = json.indexOf(char, at + 1)) {
    count += 1;
    if (count > limit) return true;
  }
  return false;
}

/** Whether any object or list of the text stands inside more than `limit` of them, itself counted. */
export function isDeeperThan(json: string, limit: number): boolean {
  const half = limit / 2;
  // This is true for nearly every text: where so few open there is nothing to walk through.
  if (!hasMoreOf(json, "{", half) && !hasMoreOf(json, "[", half)) return false;
  let depth = 0;
  for (let at = 0; at < json.length; at += 1) {
    switch (json.charCodeAt(at)) {
      case quote:
        at = endOfString(json, at) - 1;
        break;
      case openBrace:
      case openBracket:
        depth += 1;
        if (depth > limit) return true;
        break;
      case closeBrace:
      case closeBracket:
        depth -= 1;
        break;
    }
  }
  return false;
}

/**
 * The first key that is given twice, by its full name; null means that none is. RFC 8259 leaves open which of
 * them counts and JSON.parse takes the last, so nobody can be sure what a configuration with such a key
 * means. `json` must not be nested too deep for its places to be named. `counts` says for which keys (by full
 * name) this is asked.
 */
export function duplicateKey(json: string, counts: (key: string) => boolean): string | null {
  const open: Open[] = [];
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    const top = open[open.length - 1];
    switch (code) {
      case quote: {
        const end = endOfString(json, at);
        if (top?.keys != null && top.key === null) {
          top.key = keyAt(json, at, end);
          const place = placeOf(top);
          if (top.keys.has(top.key) && counts(place)) return place;
          top.keys.add(top.key);
        }
        at = end - 1;
        break;
      }
      case openBrace:
        open.push({ place: placeOf(top), keys: new Set(), index: 0, key: null });
        break;
      case openBracket:
        open.push({ place: placeOf(top), keys: null, index: 0, key: null });
        break;
      case closeBrace:
      case closeBracket:
        open.pop();
        break;
      case comma:
        if (top !== undefined) {
          top.index += 1;
          top.key = null;
        }
        break;
    }
  }
  return null;
}
