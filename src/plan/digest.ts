/**
 * Eight hex digits that distinguish one text from another: FNV-1a, 32 bits (Fowler, Noll, Vo). The digest
 * marks our own rules and is no protection against anybody. A cryptographic one would cost every verb 2.4 ms
 * to load.
 */
export function digest(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let hash = 0x811c9dc5;
  // The loop goes by index, because a verb runs this only once, in an interpreter that takes five times as
  // long for an iterator.
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
