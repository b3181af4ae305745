/** Finds the nearest of the known words, for "Did you mean" in messages. */

/** Counts insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : replaced;
      next.push(Math.min(replaced, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

/** A word this far away, as a share of its length, is another word, not a slip of the hand. */
const slip = 0.4;
/** This is longer than any key of ours could be mistyped. It keeps hostile input from costing time. */
const longest = 64;

/** null means that nothing is near. Letter case does not count. */
export function nearest(word: string, known: readonly string[]): string | null {
  if (word.length > longest) return null;
  const ranked = known
    .map((candidate) => ({
      candidate,
      edits: distance(word.toLowerCase(), candidate.toLowerCase()),
    }))
    .filter(({ candidate, edits }) => edits <= slip * Math.max(word.length, candidate.length))
    .sort((a, b) => a.edits - b.edits);
  return ranked[0]?.candidate ?? null;
}

/** Names the nearest word where one is near, and always all that are known. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  const all = known.length === 0 ? "There are none." : `Known: ${known.join(", ")}.`;
  return near === null ? all : `Did you mean "${near}"? ${all}`;
}
